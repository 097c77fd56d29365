package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sashabaranov/go-openai"
)

func byChat(action string, texts []string) {
	messages := []openai.ChatCompletionMessage{user(texts[0])}
	switch action {
	case "ask":
		fmt.Println(askChat(openai.ChatCompletionRequest{Messages: messages}).Content)
	case "chat":
		answer := askChat(openai.ChatCompletionRequest{Messages: messages})
		messages = append(messages, answer, user(texts[1]))
		fmt.Println(askChat(openai.ChatCompletionRequest{Messages: messages}).Content)
	case "tool":
		weather := openai.FunctionDefinition{Name: "get_weather", Parameters: schemaOf(City{})}
		tools := []openai.Tool{{Type: openai.ToolTypeFunction, Function: &weather}}
		for {
			answer := askChat(openai.ChatCompletionRequest{Messages: messages, Tools: tools})
			if len(answer.ToolCalls) == 0 {
				fmt.Println(answer.Content)
				return
			}
			messages = append(messages, answer)
			for _, call := range answer.ToolCalls {
				output := getWeather(call.Function.Arguments)
				messages = append(messages, openai.ChatCompletionMessage{Role: "tool", Content: output, ToolCallID: call.ID})
			}
		}
	case "picture":
		image := openai.ChatMessageImageURL{URL: picture()}
		content := []openai.ChatMessagePart{{Type: "text", Text: texts[0]}, {Type: "image_url", ImageURL: &image}}
		messages = []openai.ChatCompletionMessage{{Role: "user", MultiContent: content}}
		fmt.Println(askChat(openai.ChatCompletionRequest{Messages: messages}).Content)
	case "shape":
		format := openai.ChatCompletionResponseFormat{
			Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
				Name: "answer", Schema: schemaOf(Answer{}), Strict: true,
			},
		}
		printAnswer(askChat(openai.ChatCompletionRequest{Messages: messages, ResponseFormat: &format}).Content)
	case "stream":
		streamChat(messages, func(text string) { fmt.Print(text) })
	case "silence":
		// How many pieces came before the answer, and the answer.
		before, answer := 0, ""
		streamChat(messages, func(text string) {
			if answer += text; answer == "" {
				before++
			}
		})
		fmt.Println(string(must(json.Marshal(map[string]any{"before": before, "answer": answer}))))
	}
}

func askChat(request openai.ChatCompletionRequest) openai.ChatCompletionMessage {
	request.Model = "manager"
	return must(client.CreateChatCompletion(context.Background(), request)).Choices[0].Message
}

func streamChat(messages []openai.ChatCompletionMessage, piece func(string)) {
	request := openai.ChatCompletionRequest{Model: "manager", Messages: messages}
	stream := must(client.CreateChatCompletionStream(context.Background(), request))
	defer stream.Close()
	each(stream.Recv, func(chunk openai.ChatCompletionStreamResponse) {
		for _, choice := range chunk.Choices {
			piece(choice.Delta.Content)
		}
	})
}

func user(text string) openai.ChatCompletionMessage {
	return openai.ChatCompletionMessage{Role: openai.ChatMessageRoleUser, Content: text}
}
