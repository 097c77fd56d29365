//! client WAY ACTION TEXT...: see docs/clients/async-openai.md

mod chat;
mod responses;

use async_openai::{Client, config::OpenAIConfig, middleware::ReqwestService};
use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// The form that an answer is to have.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answer {
    answer: String,
}

/// What the function get_weather takes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct City {
    city: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, action, texts @ ..] = arguments.as_slice() else {
        return Err("client WAY ACTION TEXT...".into());
    };
    let config = OpenAIConfig::new()
        .with_api_base(std::env::var("BASE_URL")?)
        .with_api_key("none");
    // In place of the service that asks again.
    let client = Client::with_config(config).with_http_service(ReqwestService::default());
    match way.as_str() {
        "chat" => chat::run(&client, action, texts).await,
        _ => responses::run(&client, way, action, texts).await,
    }
}

fn city_schema() -> Result<Value, Failure> {
    Ok(serde_json::to_value(schema_for!(City))?)
}

fn answer_schema() -> Result<Value, Failure> {
    Ok(serde_json::to_value(schema_for!(Answer))?)
}

fn get_weather(arguments: &str) -> Result<String, Failure> {
    let place: City = serde_json::from_str(arguments)?;
    Ok(format!("sunny in {}", place.city))
}

fn picture() -> Result<String, Failure> {
    let encoded = STANDARD.encode(std::fs::read("dot.png")?);
    Ok(format!("data:image/png;base64,{encoded}"))
}

/// Reads what was answered into the form, so that it has to fit.
fn print_answer(text: &str) -> Result<(), Failure> {
    let answer: Answer = serde_json::from_str(text)?;
    println!("{}", serde_json::to_string(&answer)?);
    Ok(())
}
