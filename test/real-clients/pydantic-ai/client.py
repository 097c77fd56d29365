"""client.py WAY ACTION TEXT...: see docs/clients/pydantic-ai.md"""

import asyncio
import os
import sys

from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="none", timeout=3600, max_retries=0)
way, action, *texts = sys.argv[1:]
kind = OpenAIResponsesModel if way.startswith("responses") else OpenAIChatModel
# The agent's own calls come back to it only where pydantic-ai takes the model for one of OpenAI's.
name = "gpt-5.5" if way == "responses-as-openai" else "manager"
model = kind(name, provider=OpenAIProvider(openai_client=client))


class Answer(BaseModel):
    answer: str


async def main():
    agent = Agent(model, output_type=NativeOutput(Answer)) if action == "shape" else Agent(model)
    if action == "shape" and way == "chat":
        agent = Agent(model, output_type=Answer)  # by a function `final_result`, which is the default

    if action == "tool":

        @agent.tool_plain
        def get_weather(city: str) -> str:
            return "sunny in " + city

    if action in ("ask", "tool"):
        print((await agent.run(texts[0])).output)
    elif action == "chat":
        first = await agent.run(texts[0])
        print((await agent.run(texts[1], message_history=first.all_messages())).output)
    elif action == "picture":
        picture = BinaryContent(data=open("dot.png", "rb").read(), media_type="image/png")
        print((await agent.run([texts[0], picture])).output)
    elif action == "shape":
        print((await agent.run(texts[0])).output.model_dump_json())
    elif action == "stream":
        async with agent.run_stream(texts[0]) as result:
            async for delta in result.stream_text(delta=True, debounce_by=None):
                print(delta, end="")


asyncio.run(main())
