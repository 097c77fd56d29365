// client WAY ACTION TEXT...: see docs/clients/openai-sdk.md
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"github.com/invopop/jsonschema"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

var client = openai.NewClient(
	option.WithBaseURL(os.Getenv("BASE_URL")),
	option.WithAPIKey("none"),
	option.WithMaxRetries(0),
)

// Answer is the form that an answer is to have.
type Answer struct {
	Answer string `json:"answer"`
}

// City is what the function get_weather takes.
type City struct {
	City string `json:"city"`
}

func main() {
	way, action, texts := os.Args[1], os.Args[2], os.Args[3:]
	if way == "chat" {
		byChat(action, texts)
	} else {
		byResponses(way, action, texts)
	}
}

// schemaOf is as in the library's own guide.
func schemaOf[T any]() map[string]any {
	reflector := jsonschema.Reflector{AllowAdditionalProperties: false, DoNotReference: true}
	var value T
	data := must(json.Marshal(reflector.Reflect(value)))
	var schema map[string]any
	check(json.Unmarshal(data, &schema))
	return schema
}

func getWeather(arguments string) string {
	var place City
	check(json.Unmarshal([]byte(arguments), &place))
	return "sunny in " + place.City
}

func picture() string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(must(os.ReadFile("dot.png")))
}

// printAnswer reads what was answered into the form, so that it has to fit.
func printAnswer(text string) {
	var answer Answer
	check(json.Unmarshal([]byte(text), &answer))
	fmt.Println(string(must(json.Marshal(answer))))
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
