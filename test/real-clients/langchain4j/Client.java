import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.service.AiServices;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Client WAY ACTION TEXT...: see docs/clients/langchain4j.md */
public class Client {
  private static final String base = System.getenv("BASE_URL");
  private static final Duration patience = Duration.ofHours(1);
  private static String way;

  /** The form that is asked for. */
  public record Answer(String answer) {}

  public interface Assistant {
    String ask(String text);
  }

  public interface Shaper {
    Answer ask(String text);
  }

  public static class Weather {
    @Tool(name = "get_weather", value = "The weather of a city.")
    public String of(String city) {
      return "sunny in " + city;
    }
  }

  public static void main(String[] args) throws Exception {
    way = args[0];
    List<String> texts = List.of(args).subList(2, args.length);
    switch (args[1]) {
      case "ask" -> System.out.println(model().chat(texts.get(0)));
      case "chat", "tool" -> {
        Assistant assistant =
            AiServices.builder(Assistant.class)
                .chatModel(model())
                .chatMemory(MessageWindowChatMemory.withMaxMessages(100))
                .tools(args[1].equals("tool") ? List.of(new Weather()) : List.of())
                .build();
        String answer = null;
        for (String text : texts) answer = assistant.ask(text);
        System.out.println(answer);
      }
      case "picture" -> {
        String bytes = Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of("dot.png")));
        UserMessage asked =
            UserMessage.from(TextContent.from(texts.get(0)), ImageContent.from(bytes, "image/png"));
        System.out.println(model().chat(asked).aiMessage().text());
      }
      case "shape" -> {
        Answer answer = AiServices.create(Shaper.class, model()).ask(texts.get(0));
        System.out.println("{\"answer\": \"" + answer.answer() + "\"}");
      }
      case "stream" -> stream(texts.get(0));
      default -> throw new IllegalArgumentException(args[1]);
    }
    System.exit(0);
  }

  private static ChatModel model() {
    if (way.equals("responses")) {
      return OpenAiResponsesChatModel.builder()
          .baseUrl(base)
          .apiKey("none")
          .modelName("manager")
          .store(true)
          .strictJsonSchema(true)
          .build();
    }
    return OpenAiChatModel.builder()
        .baseUrl(base)
        .apiKey("none")
        .modelName("manager")
        .timeout(patience)
        .maxRetries(0)
        .supportedCapabilities(Capability.RESPONSE_FORMAT_JSON_SCHEMA)
        .strictJsonSchema(true)
        .build();
  }

  private static StreamingChatModel streamingModel() {
    if (way.equals("responses")) {
      return OpenAiResponsesStreamingChatModel.builder()
          .baseUrl(base)
          .apiKey("none")
          .modelName("manager")
          .store(true)
          .build();
    }
    return OpenAiStreamingChatModel.builder()
        .baseUrl(base)
        .apiKey("none")
        .modelName("manager")
        .timeout(patience)
        .build();
  }

  private static void stream(String text) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    streamingModel()
        .chat(
            text,
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String part) {
                System.out.print(part);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                ended.complete(null);
              }

              @Override
              public void onError(Throwable error) {
                ended.completeExceptionally(error);
              }
            });
    ended.join();
  }
}
