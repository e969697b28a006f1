// Calls the gateway through OpenAI's and Anthropic's SDKs, given nothing but a base URL and a key.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

const hello = "Hello to you, whoever you are."

var base, key = os.Getenv("SLUICE_HTTP"), os.Getenv("SLUICE_API_KEY")

func demand(holds bool, what string, given ...any) {
	if !holds {
		fmt.Println("FAILED:", what, given)
		os.Exit(1)
	}
}

func openAI(ctx context.Context) {
	client := openai.NewClient(option.WithBaseURL(base+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0))
	asked := openai.ChatCompletionNewParams{
		Model:    "auto",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
	}
	answer, err := client.Chat.Completions.New(ctx, asked)
	demand(err == nil && answer.Choices[0].Message.Content == hello, "a chat", err)
	demand(answer.Choices[0].FinishReason == "stop" && answer.Usage.TotalTokens > 0, "its end and usage")

	stream := client.Chat.Completions.NewStreaming(ctx, asked)
	all := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		demand(all.AddChunk(stream.Current()), "a chunk that fits those before it")
	}
	demand(stream.Err() == nil && all.Choices[0].Message.Content == hello, "a stream", stream.Err())

	asked.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage("what is the weather?")}
	asked.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
		Name:       "weather",
		Parameters: openai.FunctionParameters{"type": "object", "properties": map[string]any{}},
	})}
	answer, err = client.Chat.Completions.New(ctx, asked)
	demand(err == nil && len(answer.Choices[0].Message.ToolCalls) == 1, "a call of a tool", err)
	call := answer.Choices[0].Message.ToolCalls[0]
	demand(call.Function.Name == "weather" && strings.Contains(call.Function.Arguments, "Oslo"), "its arguments")
	asked.Messages = append(asked.Messages, answer.Choices[0].Message.ToParam(), openai.ToolMessage("rain", call.ID))
	answer, err = client.Chat.Completions.New(ctx, asked)
	demand(err == nil && answer.Choices[0].Message.Content == "It rains in Oslo.", "the answer after it", err)

	response, err := client.Responses.New(ctx, responses.ResponseNewParams{
		Model: "auto",
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hello")},
	})
	demand(err == nil && response.OutputText() == hello, "a response", err)

	vectors, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: "embed",
		Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("one")},
	})
	demand(err == nil && len(vectors.Data[0].Embedding) == 3, "an embedding", err)

	asked.Model = "none"
	_, err = client.Chat.Completions.New(ctx, asked)
	var failed *openai.Error
	demand(errors.As(err, &failed) && failed.StatusCode == 404 && failed.Code == "model_not_found", "its error", err)
	fmt.Println("passed: openai")
}

func anthropicAI(ctx context.Context) {
	client := anthropic.NewClient(anthropicoption.WithBaseURL(base), anthropicoption.WithAPIKey(key))
	asked := anthropic.MessageNewParams{
		Model:     "auto",
		MaxTokens: 64,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
	}
	answer, err := client.Messages.New(ctx, asked)
	demand(err == nil && answer.Content[0].Text == hello, "a message", err)
	stream := client.Messages.NewStreaming(ctx, asked)
	all := anthropic.Message{}
	for stream.Next() {
		demand(all.Accumulate(stream.Current()) == nil, "an event that fits those before it")
	}
	demand(stream.Err() == nil && all.Content[0].Text == hello, "a stream", stream.Err())
	demand(all.StopReason == "end_turn", "its end", all.StopReason)
	fmt.Println("passed: anthropic")
}

func main() {
	ctx := context.Background()
	openAI(ctx)
	anthropicAI(ctx)
}
