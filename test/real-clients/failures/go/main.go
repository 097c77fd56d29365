// main.go LIBRARY chat|responses whole|stream: asks once for PROMPT at BASE_URL, and prints what the person gets.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	sashabaranov "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
	langchain "github.com/tmc/langchaingo/llms/openai"
)

var base, prompt = os.Getenv("BASE_URL"), os.Getenv("PROMPT")

func main() {
	library, api, isStream := os.Args[1], os.Args[2], os.Args[3] == "stream"
	text, err := map[string]func(string, bool) (string, error){
		"openai-go": withOpenai, "go-openai": withGoOpenai, "langchaingo": withLangchain,
	}[library](api, isStream)
	told := map[string]string{"text": text}
	if err != nil {
		told = map[string]string{"error": err.Error()}
	}
	line, _ := json.Marshal(told)
	fmt.Println(string(line))
}

func withOpenai(api string, isStream bool) (string, error) {
	options := []option.RequestOption{option.WithBaseURL(base), option.WithAPIKey("none")}
	if limit := os.Getenv("TIME_OUT_MS"); limit != "" {
		ms, _ := strconv.Atoi(limit)
		// The limit that it has by itself, at ten minutes. Behind option.WithRequestTimeout it does not ask again.
		transport := &http.Transport{ResponseHeaderTimeout: time.Duration(ms) * time.Millisecond}
		options = append(options, option.WithHTTPClient(&http.Client{Transport: transport}))
	}
	client, ctx := openai.NewClient(options...), context.Background()
	if api == "chat" {
		params := openai.ChatCompletionNewParams{
			Model:    "manager",
			Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
		}
		if !isStream {
			answer, err := client.Chat.Completions.New(ctx, params)
			if err != nil {
				return "", err
			}
			if len(answer.Choices) == 0 {
				return "", errors.New("no choices: " + answer.RawJSON())
			}
			return answer.Choices[0].Message.Content, nil
		}
		stream, text := client.Chat.Completions.NewStreaming(ctx, params), ""
		for stream.Next() {
			for _, choice := range stream.Current().Choices {
				text += choice.Delta.Content
			}
		}
		return text, stream.Err()
	}
	params := responses.ResponseNewParams{
		Model: "manager", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(prompt)},
	}
	if !isStream {
		answer, err := client.Responses.New(ctx, params)
		if err == nil && answer.Status != "completed" {
			err = fmt.Errorf("%s: %s", answer.Status, answer.Error.Message)
		}
		if err != nil {
			return "", err
		}
		return answer.OutputText(), nil
	}
	stream, text, ended := client.Responses.NewStreaming(ctx, params), "", ""
	for stream.Next() {
		event := stream.Current()
		if event.Type == "response.output_text.delta" {
			text += event.Delta
		}
		ended = event.Type
	}
	if stream.Err() == nil && ended != "response.completed" {
		return "", errors.New("ended with " + ended)
	}
	return text, stream.Err()
}

func withGoOpenai(_ string, isStream bool) (string, error) {
	config := sashabaranov.DefaultConfig("none")
	config.BaseURL = base
	client, ctx := sashabaranov.NewClientWithConfig(config), context.Background()
	request := sashabaranov.ChatCompletionRequest{
		Model:    "manager",
		Messages: []sashabaranov.ChatCompletionMessage{{Role: "user", Content: prompt}},
	}
	if !isStream {
		answer, err := client.CreateChatCompletion(ctx, request)
		if err != nil {
			return "", err
		}
		if len(answer.Choices) == 0 {
			return "", errors.New("no choices")
		}
		return answer.Choices[0].Message.Content, nil
	}
	stream, err := client.CreateChatCompletionStream(ctx, request)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	text := ""
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return "", err
		}
		for _, choice := range chunk.Choices {
			text += choice.Delta.Content
		}
	}
}

func withLangchain(_ string, isStream bool) (string, error) {
	model, err := langchain.New(langchain.WithBaseURL(base), langchain.WithToken("none"), langchain.WithModel("manager"))
	if err != nil {
		return "", err
	}
	options := []llms.CallOption{}
	if isStream {
		options = append(options, llms.WithStreamingFunc(func(context.Context, []byte) error { return nil }))
	}
	return llms.GenerateFromSinglePrompt(context.Background(), model, prompt, options...)
}
