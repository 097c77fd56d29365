"""client.py WAY ACTION TEXT...: see docs/clients/openai-python.md"""

import base64
import json
import os
import sys

from openai import OpenAI
from pydantic import BaseModel

client = OpenAI(base_url=os.environ["BASE_URL"], api_key="none", timeout=3600, max_retries=0)
way, action, *texts = sys.argv[1:]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}


class Answer(BaseModel):
    answer: str


def picture():
    return "data:image/png;base64," + base64.b64encode(open("dot.png", "rb").read()).decode()


def by_responses():
    ask = lambda **more: client.responses.create(model="manager", **more)
    if action == "ask":
        print(ask(input=texts[0]).output_text)
    elif action == "chat":
        first = ask(input=texts[0])
        if way == "responses-resent":
            # Without what is null, as many frameworks do it.
            items = [item.model_dump(exclude_none=True) for item in first.output]
            history = [{"role": "user", "content": texts[0]}, *items, {"role": "user", "content": texts[1]}]
            print(ask(input=history).output_text)
        else:
            print(ask(input=texts[1], previous_response_id=first.id).output_text)
    elif action == "tool":
        tools = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": True}]
        answer = ask(input=texts[0], tools=tools)
        while calls := [item for item in answer.output if item.type == "function_call"]:
            outputs = [
                {"type": "function_call_output", "call_id": call.call_id, "output": "sunny in " + json.loads(call.arguments)["city"]}
                for call in calls
            ]
            answer = ask(input=outputs, tools=tools, previous_response_id=answer.id)
        print(answer.output_text)
    elif action == "picture":
        content = [{"type": "input_text", "text": texts[0]}, {"type": "input_image", "image_url": picture(), "detail": "auto"}]
        print(ask(input=[{"role": "user", "content": content}]).output_text)
    elif action == "shape":
        answer = client.responses.parse(model="manager", input=texts[0], text_format=Answer)
        print(answer.output_parsed.model_dump_json())
    elif action == "stream":
        with client.responses.stream(model="manager", input=texts[0]) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    print(event.delta, end="")


def by_chat():
    ask = lambda messages, **more: client.chat.completions.create(model="manager", messages=messages, **more).choices[0].message
    user = lambda content: {"role": "user", "content": content}
    if action == "ask":
        print(ask([user(texts[0])]).content)
    elif action == "chat":
        first = ask([user(texts[0])])
        print(ask([user(texts[0]), first, user(texts[1])]).content)
    elif action == "tool":
        tools = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
        messages = [user(texts[0])]
        while calls := (answer := ask(messages, tools=tools)).tool_calls:
            messages.append(answer)
            for call in calls:
                city = json.loads(call.function.arguments)["city"]
                messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny in " + city})
        print(answer.content)
    elif action == "picture":
        content = [{"type": "text", "text": texts[0]}, {"type": "image_url", "image_url": {"url": picture()}}]
        print(ask([user(content)]).content)
    elif action == "shape":
        answer = client.chat.completions.parse(model="manager", messages=[user(texts[0])], response_format=Answer)
        print(answer.choices[0].message.parsed.model_dump_json())
    elif action == "stream":
        for chunk in client.chat.completions.create(model="manager", messages=[user(texts[0])], stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                print(chunk.choices[0].delta.content, end="")


by_chat() if way == "chat" else by_responses()
