"""client.py WAY ACTION TEXT...: see docs/clients/langchain.md"""

import asyncio
import base64
import os
import sys

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

way, action, *texts = sys.argv[1:]
model = ChatOpenAI(
    model="manager",
    base_url=os.environ["BASE_URL"],
    api_key="none",
    max_retries=0,
    timeout=3600,
    use_responses_api=way.endswith("responses"),
)


class Answer(BaseModel):
    """An answer."""

    answer: str


def get_weather(city: str) -> str:
    """The weather of a city."""
    return "sunny in " + city


def text_of(message):
    return message.text if isinstance(message.text, str) else message.text()


async def main():
    if way.startswith("langgraph"):
        agent = create_agent(model, tools=[get_weather] if action == "tool" else [], checkpointer=InMemorySaver())
        config = {"configurable": {"thread_id": "one"}}
        for text in texts:
            result = await agent.ainvoke({"messages": [HumanMessage(text)]}, config)
        print(text_of(result["messages"][-1]))
    elif action == "ask":
        print(text_of(await model.ainvoke(texts[0])))
    elif action == "chat":
        first = await model.ainvoke(texts[0])
        print(text_of(await model.ainvoke([HumanMessage(texts[0]), first, HumanMessage(texts[1])])))
    elif action == "tool":
        bound = model.bind_tools([get_weather])
        messages = [HumanMessage(texts[0])]
        while (answer := await bound.ainvoke(messages)).tool_calls:
            messages.append(answer)
            for call in answer.tool_calls:
                content = get_weather(**call["args"])
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
        print(text_of(answer))
    elif action == "picture":
        data = base64.b64encode(open("dot.png", "rb").read()).decode()
        image = {"type": "image", "base64": data, "mime_type": "image/png"}
        print(text_of(await model.ainvoke([HumanMessage(content=[{"type": "text", "text": texts[0]}, image])])))
    elif action == "shape":
        print((await model.with_structured_output(Answer).ainvoke(texts[0])).model_dump_json())
    elif action == "stream":
        async for chunk in model.astream(texts[0]):
            print(text_of(chunk), end="")


asyncio.run(main())
