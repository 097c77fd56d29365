import java.time.Duration;
import java.util.List;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.FileSystemResource;
import org.springframework.util.MimeTypeUtils;

/** Client WAY ACTION TEXT...: see docs/clients/spring-ai.md */
@SpringBootConfiguration
@EnableAutoConfiguration
public class Client {
  /** The form that is asked for. */
  public record Answer(String answer) {}

  public static class Weather {
    @Tool(name = "get_weather", description = "The weather of a city.")
    public String of(String city) {
      return "sunny in " + city;
    }
  }

  public static void main(String[] args) {
    System.exit(SpringApplication.exit(SpringApplication.run(Client.class, args)));
  }

  @Bean
  CommandLineRunner run(ChatClient.Builder builder) {
    ChatClient client =
        builder.defaultOptions(OpenAiChatOptions.builder().timeout(Duration.ofHours(1))).build();
    return args -> act(client, args[1], List.of(args).subList(2, args.length));
  }

  private static void act(ChatClient client, String action, List<String> texts) {
    ChatClient.ChatClientRequestSpec asked = client.prompt().user(texts.get(0));
    switch (action) {
      case "ask" -> System.out.println(asked.call().content());
      case "chat" -> {
        ChatMemory memory = MessageWindowChatMemory.builder().build();
        ChatClient remembering =
            client.mutate().defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build()).build();
        String answer = null;
        for (String text : texts) {
          answer =
              remembering
                  .prompt()
                  .user(text)
                  .advisors(advisors -> advisors.param(ChatMemory.CONVERSATION_ID, "one"))
                  .call()
                  .content();
        }
        System.out.println(answer);
      }
      case "tool" -> System.out.println(asked.tools(new Weather()).call().content());
      case "picture" -> System.out.println(
          client
              .prompt()
              .user(
                  user ->
                      user.text(texts.get(0))
                          .media(MimeTypeUtils.IMAGE_PNG, new FileSystemResource("dot.png")))
              .call()
              .content());
      case "shape" -> {
        Answer answer = asked.call().entity(Answer.class);
        System.out.println("{\"answer\": \"" + answer.answer() + "\"}");
      }
      case "stream" -> asked.stream().content().doOnNext(System.out::print).blockLast();
      default -> throw new IllegalArgumentException(action);
    }
  }
}
