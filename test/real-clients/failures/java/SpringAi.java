import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;

/** SpringAi chat whole|stream: asks once for PROMPT at BASE_URL, and prints what the person gets. */
public class SpringAi {
  public static void main(String[] args) throws Exception {
    Map<String, String> told;
    try {
      var asked = ChatClient.create(model()).prompt(System.getenv("PROMPT"));
      told =
          Map.of(
              "text",
              args[1].equals("stream")
                  ? asked.stream().content().collect(Collectors.joining()).block()
                  : String.valueOf(asked.call().content()));
    } catch (Throwable error) {
      told = Map.of("error", error.toString());
    }
    System.out.println("\n" + new ObjectMapper().writeValueAsString(told));
    System.exit(0);
  }

  private static OpenAiChatModel model() {
    var options =
        OpenAiChatOptions.builder().baseUrl(System.getenv("BASE_URL")).apiKey("none").model("manager");
    String limit = System.getenv("TIME_OUT_MS");
    if (limit != null) options.timeout(Duration.ofMillis(Long.parseLong(limit)));
    return OpenAiChatModel.builder().options(options.build()).build();
  }
}
