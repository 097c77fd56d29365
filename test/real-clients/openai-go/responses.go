package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/responses"
)

type (
	params = responses.ResponseNewParams
	items  = responses.ResponseInputParam
	events = ssestream.Stream[responses.ResponseStreamEventUnion]
)

func byResponses(way string, action string, texts []string) {
	ctx := context.Background()
	switch action {
	case "ask":
		fmt.Println(ask(params{Input: textInput(texts[0])}).OutputText())
	case "chat":
		first := ask(params{Input: textInput(texts[0])})
		second := params{PreviousResponseID: openai.String(first.ID), Input: textInput(texts[1])}
		if way == "responses-resent" {
			second = params{Input: itemInput(resent(texts[0], first, texts[1]))}
		}
		fmt.Println(ask(second).OutputText())
	case "tool":
		tools := []responses.ToolUnionParam{responses.ToolParamOfFunction("get_weather", schemaOf[City](), true)}
		answer := ask(params{Input: textInput(texts[0]), Tools: tools})
		for outputs := outputsOf(answer); len(outputs) > 0; outputs = outputsOf(answer) {
			answer = ask(params{PreviousResponseID: openai.String(answer.ID), Input: itemInput(outputs), Tools: tools})
		}
		fmt.Println(answer.OutputText())
	case "picture":
		content := responses.ResponseInputMessageContentListParam{
			responses.ResponseInputContentParamOfInputText(texts[0]),
			{OfInputImage: &responses.ResponseInputImageParam{Detail: "auto", ImageURL: openai.String(picture())}},
		}
		message := responses.ResponseInputItemParamOfMessage(content, responses.EasyInputMessageRoleUser)
		fmt.Println(ask(params{Input: itemInput(items{message})}).OutputText())
	case "shape":
		shaped := params{Input: textInput(texts[0])}
		shaped.Text.Format.OfJSONSchema = &responses.ResponseFormatTextJSONSchemaConfigParam{
			Name: "answer", Schema: schemaOf[Answer](), Strict: openai.Bool(true),
		}
		printAnswer(ask(shaped).OutputText())
	case "stream":
		stream := client.Responses.NewStreaming(ctx, params{Model: "manager", Input: textInput(texts[0])})
		for stream.Next() {
			fmt.Print(stream.Current().Delta)
		}
		check(stream.Err())
	case "events":
		told(client.Responses.NewStreaming(ctx, params{Model: "manager", Input: textInput(texts[0])}))
	case "replay":
		// Of a response that works in the background: left behind the event with this number, and taken up again.
		left := must(strconv.ParseInt(texts[0], 10, 64))
		started := ask(params{Input: textInput(texts[1]), Background: openai.Bool(true)})
		stream := client.Responses.GetStreaming(ctx, started.ID, responses.ResponseGetParams{})
		for stream.Next() && stream.Current().SequenceNumber < left {
		}
		check(stream.Err())
		check(stream.Close())
		query := responses.ResponseGetParams{StartingAfter: openai.Int(left)}
		told(client.Responses.GetStreaming(ctx, started.ID, query))
	}
}

func ask(asked params) *responses.Response {
	asked.Model = "manager"
	return must(client.Responses.New(context.Background(), asked))
}

func textInput(text string) responses.ResponseNewParamsInputUnion {
	return responses.ResponseNewParamsInputUnion{OfString: openai.String(text)}
}

func itemInput(list items) responses.ResponseNewParamsInputUnion {
	return responses.ResponseNewParamsInputUnion{OfInputItemList: list}
}

// resent has the items of the answer as they came, with their nulls.
func resent(first string, answer *responses.Response, second string) items {
	list := items{responses.ResponseInputItemParamOfMessage(first, responses.EasyInputMessageRoleUser)}
	for _, item := range answer.Output {
		list = append(list, param.Override[responses.ResponseInputItemUnionParam](json.RawMessage(item.RawJSON())))
	}
	return append(list, responses.ResponseInputItemParamOfMessage(second, responses.EasyInputMessageRoleUser))
}

func outputsOf(answer *responses.Response) items {
	outputs := items{}
	for _, item := range answer.Output {
		if item.Type != "function_call" {
			continue
		}
		call := item.AsFunctionCall()
		output := responses.ResponseInputItemParamOfFunctionCallOutput(getWeather(call.Arguments))
		output.OfFunctionCallOutput.CallID = openai.String(call.CallID)
		outputs = append(outputs, output)
	}
	return outputs
}

// told prints each event's number and type and the text of all, as JSON.
func told(stream *events) {
	types, numbers, text := []string{}, []int64{}, ""
	for stream.Next() {
		event := stream.Current()
		types, numbers = append(types, event.Type), append(numbers, event.SequenceNumber)
		if event.Type == "response.output_text.delta" {
			text += event.Delta
		}
	}
	failure := ""
	if stream.Err() != nil {
		failure = stream.Err().Error()
	}
	line := must(json.Marshal(map[string]any{"types": types, "numbers": numbers, "text": text, "error": failure}))
	fmt.Println(string(line))
}
