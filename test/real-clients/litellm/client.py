"""client.py chat|responses whole|streamed MODEL TEXT: asks at BASE_URL, by the SDK that comes with LiteLLM"""

import os
import sys

from openai import OpenAI

way, kind, model, text = sys.argv[1:]
client = OpenAI(base_url=os.environ["BASE_URL"], timeout=3600, max_retries=0)
stream = kind == "streamed"

if way == "chat":
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], stream=stream
    )
    if stream:
        for chunk in answer:
            for choice in chunk.choices:
                print(choice.delta.content or "", end="")
    else:
        print(answer.choices[0].message.content)
else:
    answer = client.responses.create(model=model, input=text, stream=stream)
    if stream:
        for event in answer:
            if event.type == "response.output_text.delta":
                print(event.delta, end="")
    else:
        print(answer.output_text)
