import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Langchain4j chat|responses whole|stream: asks once for PROMPT at BASE_URL, and prints what the person gets. */
public class Langchain4j {
  private static final String base = System.getenv("BASE_URL");
  private static final String prompt = System.getenv("PROMPT");

  public static void main(String[] args) throws Exception {
    Map<String, String> told;
    try {
      boolean isChat = args[0].equals("chat");
      String text = args[1].equals("stream") ? streamed(isChat) : model(isChat).chat(prompt);
      // Over Responses this is all that it tells of a failed answer.
      if (text == null) throw new IllegalStateException("null in place of a text");
      told = Map.of("text", text);
    } catch (Throwable error) {
      told = Map.of("error", error.toString());
    }
    System.out.println("\n" + new ObjectMapper().writeValueAsString(told));
    System.exit(0);
  }

  private static ChatModel model(boolean isChat) {
    return isChat
        ? OpenAiChatModel.builder().baseUrl(base).apiKey("none").modelName("manager").build()
        : OpenAiResponsesChatModel.builder().baseUrl(base).apiKey("none").modelName("manager").build();
  }

  private static StreamingChatModel streamingModel(boolean isChat) {
    return isChat
        ? OpenAiStreamingChatModel.builder().baseUrl(base).apiKey("none").modelName("manager").build()
        : OpenAiResponsesStreamingChatModel.builder().baseUrl(base).apiKey("none").modelName("manager").build();
  }

  private static String streamed(boolean isChat) {
    StringBuilder text = new StringBuilder();
    CompletableFuture<String> ended = new CompletableFuture<>();
    streamingModel(isChat)
        .chat(
            prompt,
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String part) {
                text.append(part);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                ended.complete(text.toString());
              }

              @Override
              public void onError(Throwable error) {
                ended.completeExceptionally(error);
              }
            });
    return ended.join();
  }
}
