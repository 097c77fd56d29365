package main

import (
	"context"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
)

type messages []openai.ChatCompletionMessageParamUnion

func byChat(action string, texts []string) {
	ctx, first := context.Background(), messages{openai.UserMessage(texts[0])}
	switch action {
	case "ask":
		fmt.Println(askChat(openai.ChatCompletionNewParams{Messages: first}).Content)
	case "chat":
		answer := askChat(openai.ChatCompletionNewParams{Messages: first})
		history := append(first, answer.ToParam(), openai.UserMessage(texts[1]))
		fmt.Println(askChat(openai.ChatCompletionNewParams{Messages: history}).Content)
	case "tool":
		tools := []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name:       "get_weather",
			Parameters: schemaOf[City](),
		})}
		for {
			answer := askChat(openai.ChatCompletionNewParams{Messages: first, Tools: tools})
			if len(answer.ToolCalls) == 0 {
				fmt.Println(answer.Content)
				return
			}
			first = append(first, answer.ToParam())
			for _, call := range answer.ToolCalls {
				first = append(first, openai.ToolMessage(getWeather(call.Function.Arguments), call.ID))
			}
		}
	case "picture":
		content := []openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart(texts[0]),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: picture()}),
		}
		params := openai.ChatCompletionNewParams{Messages: messages{openai.UserMessage(content)}}
		fmt.Println(askChat(params).Content)
	case "shape":
		params := openai.ChatCompletionNewParams{Messages: first}
		params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
				Name: "answer", Schema: schemaOf[Answer](), Strict: openai.Bool(true),
			},
		}
		printAnswer(askChat(params).Content)
	case "stream":
		stream := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: "manager", Messages: first})
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				fmt.Print(choice.Delta.Content)
			}
		}
		check(stream.Err())
	}
}

func askChat(params openai.ChatCompletionNewParams) openai.ChatCompletionMessage {
	params.Model = "manager"
	return must(client.Chat.Completions.New(context.Background(), params)).Choices[0].Message
}
