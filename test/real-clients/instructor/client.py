"""client.py WAY ACTION TEXT...: see docs/clients/instructor.md"""

import os
import sys

import instructor
from openai import OpenAI
from pydantic import BaseModel

way, action, *texts = sys.argv[1:]
modes = {
    "json-schema": instructor.Mode.JSON_SCHEMA,
    "tools": instructor.Mode.TOOLS,
    "responses-tools": instructor.Mode.RESPONSES_TOOLS,
}
raw = OpenAI(base_url=os.environ["BASE_URL"], api_key="none", timeout=3600, max_retries=0)
client = instructor.from_openai(raw, mode=modes[way])


class Answer(BaseModel):
    answer: str


def asked(messages, **more):
    # `max_retries` counts its own repeats, in which the agent would work again.
    return client.create(model="manager", messages=messages, response_model=Answer, max_retries=0, **more)


def user(content):
    return {"role": "user", "content": content}


if action == "picture":
    content = [texts[0], instructor.Image.from_path("dot.png")]
    print(asked([user(content)]).answer)
elif action in ("ask", "shape"):
    answer = asked([user(texts[0])])
    print(answer.answer if action == "ask" else answer.model_dump_json())
elif action == "chat":
    first = asked([user(texts[0])])
    history = [user(texts[0]), {"role": "assistant", "content": first.model_dump_json()}, user(texts[1])]
    print(asked(history).answer)
