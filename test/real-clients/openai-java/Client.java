import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputImage;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseOutputItem;
import com.openai.models.responses.ResponseStreamEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/** Client WAY ACTION TEXT...: see docs/clients/openai-sdk.md */
public class Client {
  private static final OpenAIClient client =
      OpenAIOkHttpClient.builder()
          .baseUrl(System.getenv("BASE_URL"))
          .apiKey("none")
          .timeout(Duration.ofHours(1))
          .maxRetries(0)
          .build();

  /** The form that is asked for. */
  public static class Answer {
    public String answer;
  }

  @JsonTypeName("get_weather")
  @JsonClassDescription("The weather of a city.")
  public static class GetWeather {
    public String city;
  }

  public static void main(String[] args) throws Exception {
    String action = args[1];
    List<String> texts = List.of(args).subList(2, args.length);
    if (args[0].equals("chat")) byChat(action, texts);
    else byResponses(action, texts);
    client.close();
  }

  private static void byChat(String action, List<String> texts) throws Exception {
    ChatCompletionCreateParams.Builder asked = ChatCompletionCreateParams.builder().model("manager");
    switch (action) {
      case "picture" -> asked.addUserMessageOfArrayOfContentParts(
          List.of(
              ChatCompletionContentPart.ofText(
                  ChatCompletionContentPartText.builder().text(texts.get(0)).build()),
              ChatCompletionContentPart.ofImageUrl(
                  ChatCompletionContentPartImage.builder()
                      .imageUrl(ChatCompletionContentPartImage.ImageUrl.builder().url(picture()).build())
                      .build())));
      case "shape" -> {
        var shaped = asked.addUserMessage(texts.get(0)).responseFormat(Answer.class).build();
        Answer answer =
            client.chat().completions().create(shaped).choices().get(0).message().content().get();
        print(answer);
        return;
      }
      case "stream" -> {
        asked.addUserMessage(texts.get(0));
        try (StreamResponse<ChatCompletionChunk> chunks =
            client.chat().completions().createStreaming(asked.build())) {
          chunks.stream()
              .flatMap(chunk -> chunk.choices().stream())
              .forEach(choice -> choice.delta().content().ifPresent(System.out::print));
        }
        return;
      }
      default -> asked.addUserMessage(texts.get(0));
    }
    if (action.equals("tool")) asked.addTool(GetWeather.class);
    ChatCompletionMessage answer = answerOf(asked);
    while (!answer.toolCalls().orElse(List.of()).isEmpty()) {
      asked.addMessage(answer);
      for (var call : answer.toolCalls().get()) {
        GetWeather weather = call.asFunction().function().arguments(GetWeather.class);
        asked.addMessage(
            ChatCompletionToolMessageParam.builder()
                .toolCallId(call.asFunction().id())
                .content("sunny in " + weather.city)
                .build());
      }
      answer = answerOf(asked);
    }
    if (action.equals("chat")) {
      answer = answerOf(asked.addMessage(answer).addUserMessage(texts.get(1)));
    }
    System.out.println(answer.content().orElse(""));
  }

  private static ChatCompletionMessage answerOf(ChatCompletionCreateParams.Builder asked) {
    return client.chat().completions().create(asked.build()).choices().get(0).message();
  }

  private static void byResponses(String action, List<String> texts) throws Exception {
    ResponseCreateParams.Builder asked = ResponseCreateParams.builder().model("manager");
    switch (action) {
      case "picture" -> asked.inputOfResponse(
          List.of(
              ResponseInputItem.ofMessage(
                  ResponseInputItem.Message.builder()
                      .role(ResponseInputItem.Message.Role.USER)
                      .addInputTextContent(texts.get(0))
                      .addContent(
                          ResponseInputImage.builder()
                              .detail(ResponseInputImage.Detail.AUTO)
                              .imageUrl(picture())
                              .build())
                      .build())));
      case "shape" -> {
        var shaped = asked.input(texts.get(0)).text(Answer.class).build();
        client.responses().create(shaped).output().stream()
            .flatMap(item -> item.message().stream())
            .flatMap(message -> message.content().stream())
            .flatMap(content -> content.outputText().stream())
            .forEach(Client::print);
        return;
      }
      case "stream" -> {
        asked.input(texts.get(0));
        try (StreamResponse<ResponseStreamEvent> events =
            client.responses().createStreaming(asked.build())) {
          events.stream()
              .flatMap(event -> event.outputTextDelta().stream())
              .forEach(event -> System.out.print(event.delta()));
        }
        return;
      }
      default -> asked.input(texts.get(0));
    }
    if (action.equals("tool")) asked.addTool(GetWeather.class);
    Response answer = client.responses().create(asked.build());
    while (answer.output().stream().anyMatch(ResponseOutputItem::isFunctionCall)) {
      List<ResponseInputItem> told =
          answer.output().stream().flatMap(item -> item.functionCall().stream()).map(Client::told).toList();
      asked.inputOfResponse(told).previousResponseId(answer.id());
      answer = client.responses().create(asked.build());
    }
    if (action.equals("chat")) {
      asked.input(texts.get(1)).previousResponseId(answer.id());
      answer = client.responses().create(asked.build());
    }
    System.out.println(textOf(answer));
  }

  private static ResponseInputItem told(ResponseFunctionToolCall call) {
    return ResponseInputItem.ofFunctionCallOutput(
        ResponseInputItem.FunctionCallOutput.builder()
            .callId(call.callId())
            .output("sunny in " + call.arguments(GetWeather.class).city)
            .build());
  }

  private static String textOf(Response answer) {
    StringBuilder text = new StringBuilder();
    answer.output().stream()
        .flatMap(item -> item.message().stream())
        .flatMap(message -> message.content().stream())
        .flatMap(content -> content.outputText().stream())
        .forEach(part -> text.append(part.text()));
    return text.toString();
  }

  private static void print(Answer answer) {
    System.out.println("{\"answer\": \"" + answer.answer + "\"}");
  }

  private static String picture() throws Exception {
    byte[] bytes = Files.readAllBytes(Path.of("dot.png"));
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes);
  }
}
