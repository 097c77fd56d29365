use crate::{Failure, answer_schema, city_schema, get_weather, picture, print_answer};
use async_openai::{
    Client,
    config::OpenAIConfig,
    types::chat::{
        ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessageArgs,
        ChatCompletionRequestMessage, ChatCompletionRequestMessageContentPartImage,
        ChatCompletionRequestMessageContentPartText, ChatCompletionRequestToolMessage,
        ChatCompletionRequestUserMessage, ChatCompletionRequestUserMessageArgs,
        ChatCompletionResponseMessage, ChatCompletionTool, CreateChatCompletionRequest,
        CreateChatCompletionRequestArgs, FunctionObjectArgs, ImageUrl, ResponseFormat,
        ResponseFormatJsonSchema,
    },
};
use futures::StreamExt;
use std::io::Write;

pub async fn run(
    client: &Client<OpenAIConfig>,
    action: &str,
    texts: &[String],
) -> Result<(), Failure> {
    let mut messages = vec![user(&texts[0])];
    match action {
        "ask" => println!("{}", content(ask(client, about(messages).build()?).await?)),
        "chat" => {
            let first = content(ask(client, about(messages.clone()).build()?).await?);
            let answer = ChatCompletionRequestAssistantMessageArgs::default()
                .content(first)
                .build()?;
            messages.extend([answer.into(), user(&texts[1])]);
            println!("{}", content(ask(client, about(messages).build()?).await?));
        }
        "tool" => use_tool(client, messages).await?,
        "picture" => {
            let image = ImageUrl {
                url: picture()?,
                detail: None,
            };
            let message = ChatCompletionRequestUserMessageArgs::default()
                .content(vec![
                    ChatCompletionRequestMessageContentPartText::from(texts[0].as_str()).into(),
                    ChatCompletionRequestMessageContentPartImage::from(image).into(),
                ])
                .build()?;
            let request = about(vec![message.into()]).build()?;
            println!("{}", content(ask(client, request).await?));
        }
        "shape" => {
            let json_schema = ResponseFormatJsonSchema {
                description: None,
                name: "answer".into(),
                schema: answer_schema()?,
                strict: Some(true),
            };
            let request = about(messages)
                .response_format(ResponseFormat::JsonSchema { json_schema })
                .build()?;
            print_answer(&content(ask(client, request).await?))?;
        }
        "stream" => {
            let request = about(messages).build()?;
            let mut stream = client.chat().create_stream(request).await?;
            while let Some(chunk) = stream.next().await {
                for choice in chunk?.choices {
                    print!("{}", choice.delta.content.unwrap_or_default());
                    std::io::stdout().flush()?;
                }
            }
        }
        _ => return Err(format!("no {action}").into()),
    }
    Ok(())
}

async fn use_tool(
    client: &Client<OpenAIConfig>,
    mut messages: Vec<ChatCompletionRequestMessage>,
) -> Result<(), Failure> {
    let function = FunctionObjectArgs::default()
        .name("get_weather")
        .parameters(city_schema()?)
        .build()?;
    loop {
        let request = about(messages.clone())
            .tools(ChatCompletionTool {
                function: function.clone(),
            })
            .build()?;
        let answer = ask(client, request).await?;
        let Some(calls) = answer.tool_calls else {
            println!("{}", answer.content.unwrap_or_default());
            return Ok(());
        };
        let asked = ChatCompletionRequestAssistantMessageArgs::default()
            .tool_calls(calls.clone())
            .build()?;
        messages.push(asked.into());
        for call in calls {
            let ChatCompletionMessageToolCalls::Function(call) = call else {
                continue;
            };
            messages.push(ChatCompletionRequestMessage::Tool(
                ChatCompletionRequestToolMessage {
                    content: get_weather(&call.function.arguments)?.into(),
                    tool_call_id: call.id,
                },
            ));
        }
    }
}

fn about(messages: Vec<ChatCompletionRequestMessage>) -> CreateChatCompletionRequestArgs {
    let mut request = CreateChatCompletionRequestArgs::default();
    request.model("manager").messages(messages);
    request
}

async fn ask(
    client: &Client<OpenAIConfig>,
    request: CreateChatCompletionRequest,
) -> Result<ChatCompletionResponseMessage, Failure> {
    let answer = client.chat().create(request).await?;
    let choice = answer.choices.into_iter().next().ok_or("no choices")?;
    Ok(choice.message)
}

fn content(message: ChatCompletionResponseMessage) -> String {
    message.content.unwrap_or_default()
}

fn user(text: &str) -> ChatCompletionRequestMessage {
    ChatCompletionRequestUserMessage::from(text).into()
}
