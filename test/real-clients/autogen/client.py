"""client.py WAY ACTION TEXT...: see docs/clients/autogen.md"""

import asyncio
import os
import sys

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ModelClientStreamingChunkEvent, MultiModalMessage
from autogen_core import Image
from autogen_ext.models.openai import OpenAIChatCompletionClient
from PIL import Image as Picture
from pydantic import BaseModel

way, action, *texts = sys.argv[1:]


class Answer(BaseModel):
    answer: str


async def get_weather(city: str) -> str:
    """The weather of a city."""
    return "sunny in " + city


async def main():
    client = OpenAIChatCompletionClient(
        model="manager",
        base_url=os.environ["BASE_URL"],
        api_key="none",
        timeout=3600,
        max_retries=0,
        model_info={
            "vision": True,
            "function_calling": True,
            "json_output": True,
            "structured_output": True,
            "multiple_system_messages": True,
            "family": "unknown",
        },
    )
    agent = AssistantAgent(
        "helper",
        model_client=client,
        tools=[get_weather] if action == "tool" else None,
        reflect_on_tool_use=False,
        max_tool_iterations=5,
        output_content_type=Answer if action == "shape" else None,
        model_client_stream=action == "stream",
    )
    if action == "stream":
        async for event in agent.run_stream(task=texts[0]):
            if isinstance(event, ModelClientStreamingChunkEvent):
                print(event.content, end="")
        return
    for text in texts:
        task = text
        if action == "picture":
            task = MultiModalMessage(content=[text, Image(Picture.open("dot.png"))], source="user")
        result = await agent.run(task=task)
    content = result.messages[-1].content
    print(content.model_dump_json() if isinstance(content, BaseModel) else content)


asyncio.run(main())
