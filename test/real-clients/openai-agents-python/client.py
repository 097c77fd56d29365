"""client.py WAY ACTION TEXT...: see docs/clients/openai-agents.md"""

import asyncio
import base64
import os
import sys

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel

set_tracing_disabled(True)  # traces would go to OpenAI
client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="none", timeout=3600, max_retries=0)
way, action, *texts = sys.argv[1:]
kind = OpenAIResponsesModel if way == "responses" else OpenAIChatCompletionsModel
model = kind("manager", client)


class Answer(BaseModel):
    answer: str


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return "sunny in " + city


async def main():
    if action == "shape":
        agent = Agent(name="Helper", model=model, output_type=Answer)
        print((await Runner.run(agent, texts[0])).final_output.model_dump_json())
        return
    agent = Agent(name="Helper", model=model, tools=[get_weather] if action == "tool" else [])
    if action in ("ask", "tool"):
        print((await Runner.run(agent, texts[0])).final_output)
    elif action == "chat":
        # All items again each turn, as the library does by default.
        session = SQLiteSession("conversation")
        await Runner.run(agent, texts[0], session=session)
        print((await Runner.run(agent, texts[1], session=session)).final_output)
    elif action == "picture":
        url = "data:image/png;base64," + base64.b64encode(open("dot.png", "rb").read()).decode()
        content = [{"type": "input_text", "text": texts[0]}, {"type": "input_image", "image_url": url, "detail": "auto"}]
        print((await Runner.run(agent, [{"role": "user", "content": content}])).final_output)
    elif action == "stream":
        async for event in Runner.run_streamed(agent, texts[0]).stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                print(event.data.delta, end="")


asyncio.run(main())
