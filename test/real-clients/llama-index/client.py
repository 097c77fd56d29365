"""client.py WAY ACTION TEXT...: see docs/clients/llama-index.md"""

import asyncio
import os
import sys

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.llms.openai import OpenAIResponses
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

way, action, *texts = sys.argv[1:]
common = {"model": "manager", "api_base": os.environ["BASE_URL"], "api_key": "none", "timeout": 3600, "max_retries": 0}
if way == "chat":
    llm = OpenAILike(**common, is_chat_model=True, is_function_calling_model=True, should_use_structured_outputs=True, context_window=200_000)
else:
    llm = OpenAIResponses(**common, store=True, context_window=200_000)


class Answer(BaseModel):
    answer: str


def get_weather(city: str) -> str:
    """The weather of a city."""
    return "sunny in " + city


def user(*blocks):
    return ChatMessage(role="user", blocks=[TextBlock(text=block) if isinstance(block, str) else block for block in blocks])


async def main():
    if action == "ask":
        print((await llm.achat([user(texts[0])])).message.content)
    elif action == "chat":
        first = await llm.achat([user(texts[0])])
        print((await llm.achat([user(texts[0]), first.message, user(texts[1])])).message.content)
    elif action == "tool":
        agent = FunctionAgent(tools=[get_weather], llm=llm, streaming=False)
        print(await agent.run(texts[0]))
    elif action == "picture":
        picture = ImageBlock(path="dot.png", image_mimetype="image/png")
        print((await llm.achat([user(texts[0], picture)])).message.content)
    elif action == "shape":
        print((await llm.as_structured_llm(Answer).achat([user(texts[0])])).message.content)
    elif action == "stream":
        async for chunk in await llm.astream_chat([user(texts[0])]):
            print(chunk.delta or "", end="")


asyncio.run(main())
