package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sashabaranov/go-openai"
)

func byResponses(action string, texts []string) {
	switch action {
	case "ask":
		fmt.Println(ask(openai.CreateResponseRequest{Input: texts[0]}).GetOutputText())
	case "chat":
		first := ask(openai.CreateResponseRequest{Input: texts[0]})
		second := openai.CreateResponseRequest{Input: texts[1], PreviousResponseID: first.ID}
		fmt.Println(ask(second).GetOutputText())
	case "tool":
		weather := openai.FunctionDefinition{Name: "get_weather", Parameters: schemaOf(City{}), Strict: true}
		tools := []openai.ResponseTool{openai.NewResponseFunctionTool(weather)}
		answer := ask(openai.CreateResponseRequest{Input: texts[0], Tools: tools})
		for outputs := outputsOf(answer); len(outputs) > 0; outputs = outputsOf(answer) {
			answer = ask(openai.CreateResponseRequest{Input: outputs, Tools: tools, PreviousResponseID: answer.ID})
		}
		fmt.Println(answer.GetOutputText())
	case "picture":
		content := []any{
			openai.ResponseInputText{Type: "input_text", Text: texts[0]},
			openai.ResponseInputImage{Type: "input_image", ImageURL: picture()},
		}
		input := []openai.ResponseInputMessage{{Role: "user", Content: content}}
		fmt.Println(ask(openai.CreateResponseRequest{Input: input}).GetOutputText())
	case "shape":
		format := openai.ResponseTextFormat{Type: "json_schema", Name: "answer", Schema: schemaOf(Answer{}), Strict: true}
		request := openai.CreateResponseRequest{Input: texts[0], Text: &openai.ResponseTextConfig{Format: &format}}
		printAnswer(ask(request).GetOutputText())
	case "stream", "silence":
		streamResponse(action == "silence", texts[0])
	}
}

func streamResponse(isCounted bool, text string) {
	request := openai.CreateResponseRequest{Model: "manager", Input: text}
	stream := must(client.CreateResponseStream(context.Background(), request))
	defer stream.Close()
	before, answer := 0, ""
	each(stream.Recv, func(event openai.ResponseStreamEvent) {
		if event.Type == openai.ResponseStreamEventOutputTextDelta {
			answer += event.Delta
			if !isCounted {
				fmt.Print(event.Delta)
			}
		}
		if event.Type == "keepalive" {
			before++
		}
		if event.Type == openai.ResponseStreamEventFailed {
			check(errors.New(event.Response.Error.Message))
		}
	})
	if isCounted {
		fmt.Println(string(must(json.Marshal(map[string]any{"before": before, "answer": answer}))))
	}
}

func ask(request openai.CreateResponseRequest) openai.CreateResponseResponse {
	request.Model = "manager"
	return must(client.CreateResponse(context.Background(), request))
}

// outputsOf answers each call of the function.
func outputsOf(answer openai.CreateResponseResponse) []openai.ResponseFunctionCallOutput {
	outputs := []openai.ResponseFunctionCallOutput{}
	for _, raw := range answer.Output {
		var item openai.ResponseOutputItem
		check(json.Unmarshal(must(json.Marshal(raw)), &item))
		if item.Type == "function_call" {
			output := getWeather(item.Arguments)
			outputs = append(outputs, openai.ResponseFunctionCallOutput{Type: "function_call_output", CallID: item.CallID, Output: output})
		}
	}
	return outputs
}
