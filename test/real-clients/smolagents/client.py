"""client.py WAY ACTION TEXT...: see docs/clients/smolagents.md"""

import os
import sys

from PIL import Image
from smolagents import ChatMessage, CodeAgent, OpenAIModel, ToolCallingAgent, tool
from smolagents.models import ChatMessageStreamDelta

way, action, *texts = sys.argv[1:]
model = OpenAIModel(
    model_id="manager",
    api_base=os.environ["BASE_URL"],
    api_key="none",
    client_kwargs={"max_retries": 0, "timeout": 3600},
)


@tool
def get_weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: its name
    """
    # smolagents tells results as the newest words of the user, which is where the scripted model looks for what to do.
    return "sunny in " + city + os.environ.get("AFTER_FUNCTION", "")


def message(content):
    return [ChatMessage(role="user", content=[{"type": "text", "text": content}])]


if way == "model":
    if action == "ask":
        print(model.generate(message(texts[0])).content)
    elif action == "stream":
        for delta in model.generate_stream(message(texts[0])):
            if isinstance(delta, ChatMessageStreamDelta) and delta.content:
                print(delta.content, end="")
else:
    kind = CodeAgent if way == "code" else ToolCallingAgent
    agent = kind(tools=[get_weather], model=model, verbosity_level=0, max_steps=4)
    if action == "picture":
        print(agent.run(texts[0], images=[Image.open("dot.png").convert("RGB")]))
    else:
        for index, text in enumerate(texts):
            result = agent.run(text, reset=index == 0)
        print(result)
