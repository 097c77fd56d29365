"""client.py WAY ACTION TEXT...: see docs/clients/haystack.md"""

import os
import sys

from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator, OpenAIResponsesChatGenerator
from haystack.dataclasses import ChatMessage, ImageContent
from haystack.tools import tool
from haystack.utils import Secret
from pydantic import BaseModel

way, action, *texts = sys.argv[1:]
kind = OpenAIResponsesChatGenerator if way == "responses" else OpenAIChatGenerator


class Answer(BaseModel):
    answer: str


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return "sunny in " + city


def generator(**more):
    return kind(
        api_key=Secret.from_token("none"),
        model="manager",
        api_base_url=os.environ["BASE_URL"],
        timeout=3600,
        max_retries=0,
        **more,
    )


def asked(messages, **more):
    return generator(**more).run(messages=messages)["replies"][0]


user = ChatMessage.from_user
if action == "ask":
    print(asked([user(texts[0])]).text)
elif action == "chat":
    first = asked([user(texts[0])])
    print(asked([user(texts[0]), first, user(texts[1])]).text)
elif action == "tool":
    agent = Agent(chat_generator=generator(), tools=[get_weather])
    print(agent.run(messages=[user(texts[0])])["last_message"].text)
elif action == "picture":
    print(asked([user(content_parts=[texts[0], ImageContent.from_file_path("dot.png")])]).text)
elif action == "shape":
    field = "text_format" if way == "responses" else "response_format"
    print(asked([user(texts[0])], generation_kwargs={field: Answer}).text)
elif action == "stream":
    asked([user(texts[0])], streaming_callback=lambda chunk: print(chunk.content, end=""))
