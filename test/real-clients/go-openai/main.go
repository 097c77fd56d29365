// client WAY ACTION TEXT...: see docs/clients/go-openai.md
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sashabaranov/go-openai"
	"github.com/sashabaranov/go-openai/jsonschema"
)

var client = newClient()

// Answer is the form that an answer is to have.
type Answer struct {
	Answer string `json:"answer"`
}

// City is what the function get_weather takes.
type City struct {
	City string `json:"city"`
}

func newClient() *openai.Client {
	config := openai.DefaultConfig("none")
	config.BaseURL = os.Getenv("BASE_URL")
	return openai.NewClientWithConfig(config)
}

func main() {
	way, action, texts := os.Args[1], os.Args[2], os.Args[3:]
	if way == "chat" {
		byChat(action, texts)
	} else {
		byResponses(action, texts)
	}
}

func schemaOf(value any) *jsonschema.Definition {
	return must(jsonschema.GenerateSchemaForType(value))
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
	check(schemaOf(answer).Unmarshal(text, &answer))
	fmt.Println(string(must(json.Marshal(answer))))
}

// each reads a stream to its end.
func each[T any](receive func() (T, error), work func(T)) {
	for {
		value, err := receive()
		if errors.Is(err, io.EOF) {
			return
		}
		work(must(value, err))
	}
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
