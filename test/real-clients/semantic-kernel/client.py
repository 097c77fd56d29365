"""client.py WAY ACTION TEXT...: see docs/clients/semantic-kernel.md"""

import asyncio
import base64
import os
import sys
from typing import Annotated

from openai import AsyncOpenAI
from pydantic import BaseModel
from semantic_kernel.agents import ChatCompletionAgent, OpenAIResponsesAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatMessageContent, ImageContent, TextContent
from semantic_kernel.functions import KernelArguments, kernel_function

way, action, *texts = sys.argv[1:]
client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="none", timeout=3600, max_retries=0)


class Answer(BaseModel):
    answer: str


class Weather:
    # The function is offered as `Weather-get_weather`.
    @kernel_function(description="The weather of a city.")
    def get_weather(self, city: Annotated[str, "its name"]) -> str:
        return "sunny in " + city


plugins = [Weather()] if action == "tool" else []
if way == "chat":
    arguments = KernelArguments(OpenAIChatPromptExecutionSettings(response_format=Answer)) if action == "shape" else None
    service = OpenAIChatCompletion(ai_model_id="manager", async_client=client)
    agent = ChatCompletionAgent(service=service, name="helper", plugins=plugins, arguments=arguments)
else:
    form = {"text": OpenAIResponsesAgent.configure_response_format(Answer)} if action == "shape" else {}
    agent = OpenAIResponsesAgent(ai_model_id="manager", client=client, name="helper", plugins=plugins, **form)


async def main():
    if action == "stream":
        async for part in agent.invoke_stream(messages=texts[0]):
            print(part.content, end="")
        return
    thread = None
    for text in texts:
        message = text
        if action == "picture":
            uri = "data:image/png;base64," + base64.b64encode(open("dot.png", "rb").read()).decode()
            message = ChatMessageContent(role="user", items=[TextContent(text=text), ImageContent(data_uri=uri)])
        response = await agent.get_response(messages=message, thread=thread)
        thread = response.thread
    print(response.content)


asyncio.run(main())
