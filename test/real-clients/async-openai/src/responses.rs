use crate::{Failure, answer_schema, city_schema, get_weather, picture, print_answer};
use async_openai::{
    Client,
    config::OpenAIConfig,
    types::responses::{
        CreateResponse, CreateResponseArgs, EasyInputMessage, FunctionCallOutput,
        FunctionCallOutputItemParam, FunctionToolArgs, InputImageArgs, InputItem, InputMessage,
        InputParam, InputRole, Item, OutputItem, Response, ResponseFormatJsonSchema,
        ResponseStreamEvent, Tool,
    },
};
use futures::StreamExt;
use std::io::Write;

pub async fn run(
    client: &Client<OpenAIConfig>,
    way: &str,
    action: &str,
    texts: &[String],
) -> Result<(), Failure> {
    let mut request = about(texts[0].as_str());
    match action {
        "ask" => println!("{}", text(&ask(client, request.build()?).await?)),
        "chat" => {
            let first = ask(client, request.build()?).await?;
            let second = if way == "responses-resent" {
                about(resent(&texts[0], first, &texts[1])).build()?
            } else {
                about(texts[1].as_str())
                    .previous_response_id(first.id)
                    .build()?
            };
            println!("{}", text(&ask(client, second).await?));
        }
        "tool" => {
            let tools = vec![Tool::Function(
                FunctionToolArgs::default()
                    .name("get_weather")
                    .parameters(city_schema()?)
                    .strict(true)
                    .build()?,
            )];
            let mut answer = ask(client, request.tools(tools.clone()).build()?).await?;
            loop {
                let outputs = outputs_of(&answer)?;
                if outputs.is_empty() {
                    break;
                }
                let next = about(outputs)
                    .previous_response_id(answer.id)
                    .tools(tools.clone())
                    .build()?;
                answer = ask(client, next).await?;
            }
            println!("{}", text(&answer));
        }
        "picture" => {
            let image = InputImageArgs::default().image_url(picture()?).build()?;
            let message = InputMessage {
                content: vec![texts[0].as_str().into(), image.into()],
                role: InputRole::User,
                status: None,
            };
            let request = about(message).build()?;
            println!("{}", text(&ask(client, request).await?));
        }
        "shape" => {
            let format = ResponseFormatJsonSchema {
                description: None,
                name: "answer".into(),
                schema: answer_schema()?,
                strict: Some(true),
            };
            let answer = ask(client, request.text(format).build()?).await?;
            print_answer(&text(&answer))?;
        }
        "stream" => stream(client, request.stream(true).build()?).await?,
        _ => return Err(format!("no {action}").into()),
    }
    Ok(())
}

/// Everything that comes has to be understood.
async fn stream(client: &Client<OpenAIConfig>, request: CreateResponse) -> Result<(), Failure> {
    let mut stream = client.responses().create_stream(request).await?;
    while let Some(event) = stream.next().await {
        match event? {
            ResponseStreamEvent::ResponseOutputTextDelta(event) => {
                print!("{}", event.delta);
                std::io::stdout().flush()?;
            }
            ResponseStreamEvent::ResponseError(event) => return Err(event.message.into()),
            _ => {}
        }
    }
    Ok(())
}

fn about(input: impl Into<InputParam>) -> CreateResponseArgs {
    let mut request = CreateResponseArgs::default();
    request.model("manager").input(input);
    request
}

async fn ask(client: &Client<OpenAIConfig>, request: CreateResponse) -> Result<Response, Failure> {
    Ok(client.responses().create(request).await?)
}

fn text(answer: &Response) -> String {
    answer.output_text().unwrap_or_default()
}

/// The whole history, with the items of the answer.
fn resent(first: &str, answer: Response, second: &str) -> Vec<InputItem> {
    let mut items: Vec<InputItem> = vec![EasyInputMessage::from(first).into()];
    items.extend(answer.output.into_iter().map(InputItem::from));
    items.push(EasyInputMessage::from(second).into());
    items
}

fn outputs_of(answer: &Response) -> Result<Vec<InputItem>, Failure> {
    let mut outputs = Vec::new();
    for item in &answer.output {
        let OutputItem::FunctionCall(call) = item else {
            continue;
        };
        outputs.push(InputItem::Item(Item::FunctionCallOutput(
            FunctionCallOutputItemParam {
                call_id: Some(call.call_id.clone()),
                output: FunctionCallOutput::Text(get_weather(&call.arguments)?),
                id: None,
                status: None,
                name: None,
                namespace: None,
                caller: None,
            },
        )));
    }
    Ok(outputs)
}
