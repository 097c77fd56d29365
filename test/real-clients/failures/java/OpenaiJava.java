import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** OpenaiJava chat|responses whole|stream: asks once for PROMPT at BASE_URL, and prints what the person gets. */
public class OpenaiJava {
  public static void main(String[] args) throws Exception {
    Map<String, String> told;
    try {
      boolean isStream = args[1].equals("stream");
      told = Map.of("text", args[0].equals("chat") ? byChat(isStream) : byResponses(isStream));
    } catch (Throwable error) {
      told = Map.of("error", error.toString());
    }
    System.out.println("\n" + new ObjectMapper().writeValueAsString(told));
    System.exit(0);
  }

  private static OpenAIClient client() {
    var builder = OpenAIOkHttpClient.builder().baseUrl(System.getenv("BASE_URL")).apiKey("none");
    String limit = System.getenv("TIME_OUT_MS");
    if (limit != null) builder.timeout(Duration.ofMillis(Long.parseLong(limit)));
    return builder.build();
  }

  private static String byChat(boolean isStream) {
    var asked =
        ChatCompletionCreateParams.builder().model("manager").addUserMessage(System.getenv("PROMPT")).build();
    var completions = client().chat().completions();
    if (!isStream) return completions.create(asked).choices().get(0).message().content().orElse("");
    try (StreamResponse<ChatCompletionChunk> chunks = completions.createStreaming(asked)) {
      return chunks.stream()
          .flatMap(chunk -> chunk.choices().stream())
          .map(choice -> choice.delta().content().orElse(""))
          .collect(Collectors.joining());
    }
  }

  private static String byResponses(boolean isStream) {
    var asked = ResponseCreateParams.builder().model("manager").input(System.getenv("PROMPT")).build();
    if (!isStream) return textOf(client().responses().create(asked));
    ResponseAccumulator answer = ResponseAccumulator.create();
    try (StreamResponse<ResponseStreamEvent> events = client().responses().createStreaming(asked)) {
      events.stream().forEach(answer::accumulate);
    }
    return textOf(answer.response());
  }

  private static String textOf(Response answer) {
    if (!answer.status().equals(Optional.of(ResponseStatus.COMPLETED))) {
      throw new IllegalStateException(answer.status() + ": " + answer.error());
    }
    return answer.output().stream()
        .flatMap(item -> item.message().stream())
        .flatMap(message -> message.content().stream())
        .flatMap(content -> content.outputText().stream())
        .map(part -> part.text())
        .collect(Collectors.joining());
  }
}
