"""ask.py LIBRARY chat|responses whole|stream: asks once for PROMPT at BASE_URL, and prints what the person gets."""

import json
import os
import sys

library, api, mode = sys.argv[1:]
base, prompt = os.environ["BASE_URL"], os.environ["PROMPT"]
limit = os.environ.get("TIME_OUT_MS")
timeout = {} if limit is None else {"timeout": float(limit) / 1000}
messages = [{"role": "user", "content": prompt}]


def with_openai():
    import openai

    client = openai.OpenAI(base_url=base, api_key="none", **timeout)
    if api == "chat":
        if mode == "whole":
            answer = client.chat.completions.create(model="manager", messages=messages)
            return answer.choices[0].message.content
        chunks = client.chat.completions.create(model="manager", messages=messages, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    if mode == "whole":
        answer = client.responses.create(model="manager", input=prompt)
        if answer.status != "completed":
            raise RuntimeError(f"{answer.status}: {answer.error.message if answer.error else None}")
        return answer.output_text
    with client.responses.stream(model="manager", input=prompt) as stream:
        for _ in stream:
            pass
        return stream.get_final_response().output_text


def with_langchain():
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(
        model="manager", base_url=base, api_key="none", use_responses_api=api == "responses", **timeout
    )
    if mode == "whole":
        return model.invoke(prompt).text
    return "".join(chunk.text for chunk in model.stream(prompt))


def with_litellm():
    import litellm

    common = {"model": "openai/manager", "api_base": base, "api_key": "none", **timeout}
    if api == "chat":
        answer = litellm.completion(messages=messages, stream=mode == "stream", **common)
        if mode == "whole":
            return answer.choices[0].message.content
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer)
    answer = litellm.responses(input=prompt, stream=mode == "stream", **common)
    if mode == "whole":
        if answer.status != "completed":
            raise RuntimeError(f"{answer.status}")
        return "".join(part.text for item in answer.output if item.type == "message" for part in item.content)
    text, ended = "", None
    for event in answer:
        kind = str(getattr(event, "type", ""))
        if kind.endswith("output_text.delta"):
            text += event.delta
        if kind.endswith(("completed", "failed", "incomplete")) and kind.startswith("response."):
            ended = kind
    if ended != "response.completed":
        raise RuntimeError(f"ended with {ended}")
    return text


try:
    found = {"openai": with_openai, "langchain": with_langchain, "litellm": with_litellm}[library]()
    print("\n" + json.dumps({"text": found or ""}))
except BaseException as error:  # whatever it raises is what the person sees
    print("\n" + json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}))
