import type { Sample } from "./side-request-corpus.ts"

const tool = { type: "function", function: { name: "write_file", parameters: { type: "object" } } }
const search = { type: "function", function: { name: "search", parameters: { type: "object" } } }

const told = "User: Which trains go to Ulm?\nAssistant: The ICE does."
const patch = "--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-a = 1\n+a = 2"

/** An agent with instructions of its own, asked once. */
function agent(name: string, system: string, user: string, more: Sample["more"] = {}): Sample {
  return {
    name,
    messages: [
      { role: "system", content: system },
      { role: "user", content: user },
    ],
    more,
  }
}

function person(content: string, more: Sample["more"] = {}): Sample {
  return { name: JSON.stringify(content).slice(0, 90), messages: [{ role: "user", content }], more }
}

/** A person who goes on in a chat. */
function later(content: string, system?: string): Sample {
  const before: Sample["messages"] = [
    { role: "user", content: "Which trains go to Ulm?" },
    { role: "assistant", content: "The ICE does." },
  ]
  return {
    name: `later: ${JSON.stringify(content).slice(0, 90)}`,
    messages: [
      ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
      ...before,
      { role: "user", content },
    ],
  }
}

const committer = "You write conventional commit messages in English, one line each."
const titles = "Generate a short title for the conversation. Return only the title."

/** What people ask and programs mean the agent itself to do, in words that side requests have as well. */
export const real: readonly Sample[] = [
  // Agents with a name, a field, or a form of the answer.
  agent(
    "an expert in memory safety",
    "You are Max, an expert in memory safety and a careful coding agent.",
    "Find the leak in pool.c and mend it.",
  ),
  agent(
    "an expert in memory safety, with functions",
    "You are Max, an expert in memory safety and a careful coding agent.",
    "Find the leak in pool.c and mend it.",
    { tools: [tool] },
  ),
  later("Now mend it.", "You are Max, an expert in memory safety and a careful coding agent."),
  agent(
    "an agent with a long memory",
    "You are an assistant with a long-term memory and a planning agent. Remember what the user tells you.",
    "I moved to Ulm. Update my address.",
    { tools: [tool] },
  ),
  later(
    "Remember that I prefer tabs.",
    "You are now acting as the memory agent of our team. Keep memory/ in order.",
  ),
  agent(
    "an agent for in-memory databases",
    "You are acting as an in-memory database agent.",
    "Empty the table of sessions.",
  ),
  agent(
    "an agent whose name is told",
    "You are a coding agent whose name in this chat is Bob. Answer only in English.",
    "Run the tests and mend what fails.",
  ),
  agent(
    "an agent whose name is told, about a chat that was pasted",
    "You are a coding agent whose name in this chat is Bob. Answer only in English.",
    `Our bot said this, mend it in bot.py:\n\n${told}`,
  ),
  agent(
    "a bot of a chat room",
    "You are Robo, the name by which people in the chat call you. Reply with the answer only.",
    "Robo, deploy the site.",
  ),
  agent(
    "an agent of a session with a title",
    "You help in the session titled Refactoring. Respond only in German.",
    "Benenne die Klasse um.",
  ),
  agent(
    "an agent that suggests and applies changes",
    "You are a coding assistant that suggests and applies changes for the user. Respond only with a summary of what you did.",
    "Rename the class Train to Ride.",
  ),
  agent(
    "an agent that predicts for the user",
    "You are a data scientist. Predict churn for each user in users.csv. Return only the path of the file that you wrote.",
    "go on",
  ),
  agent(
    "an agent that generates for chats",
    "Generate the React components of our chat. Reply only with the names of the files that you changed.",
    "Add a list of threads.",
  ),
  agent(
    "an agent that generates a title page and names threads",
    "You generate release pages. Write the title and the name of each thread into RELEASE.md. Respond only with: done.",
    "go on",
  ),

  agent(
    "an agent that creates sessions",
    "Create a chat session with the name that the user gives. Return only its id.",
    "nightly",
  ),
  agent(
    "an agent that makes up people",
    "Generate test user names for the chat server. Return only the names that you added.",
    "ten",
  ),
  agent(
    "an agent that sets title pages",
    "Write the title page for each session of the conference. Return only the path.",
    "Monday",
  ),
  agent(
    "an agent that writes messages for users",
    "Write error messages for the users of our chat app. Answer only in English.",
    "The one for a full disk.",
  ),
  // SQL and search.
  agent(
    "an agent that runs SQL",
    "You are an agent that runs SQL queries against our search database. Return only the result.",
    "How many posts were published in May?",
  ),
  agent(
    "an agent that writes and runs queries",
    "You write search queries in SQL and run them against the chat database. Answer only with the rows.",
    "The ten longest chats.",
  ),
  agent(
    "a query tuner",
    "Create faster queries for the search page and commit them. Output only the hash.",
    "The one for tags first.",
  ),
  agent(
    "a research agent",
    "You are a research agent. Generate search queries, search, and answer only from what you found.",
    "Which trains go to Ulm?",
    { tools: [search] },
  ),

  // Commits that are to be made.
  agent("a patch to be applied", committer, `Apply this patch, run the tests and commit:\n${patch}`),
  agent("a patch to be applied, told behind it", committer, `${patch}\n\nApply it and push the branch.`),
  agent("a patch that is asked about", committer, `Why does this break the build?\n${patch}`),
  agent(
    "a committer",
    "You write commit messages and commit the changes. Reply only with the hash.",
    `Here is the diff:\n${patch}`,
  ),
  agent(
    "a reviewer that knows how commit messages look",
    "You are a reviewer who applies patches. Follow our rules for commit messages.",
    patch,
  ),
  agent(
    "a release engineer",
    "You stage, write a conventional commit message, commit and push. Answer only with the branch.",
    "release 1.2",
  ),
  person(`Write a commit message for this and commit it:\n${patch}`),

  agent(
    "a coding agent that knows how commit messages look",
    "You are a coding agent that reviews and repairs. Write conventional commit messages. Answer only in English.",
    `This breaks the build:\n${patch}`,
  ),
  // Summaries, titles and tags that are to go somewhere.
  person(`Write a summary of this conversation to NOTES.md and answer only with 'done':\n\n${told}`),
  person(`Summarize this chat in 50 words and save it in the file notes/trains:\n\n${told}`),
  person(`Summarize the discussion below, then open an issue for each task, only that:\n\n${told}`),
  person(`Generate a title for this chat, rename the folder to it and return only the path:\n\n${told}`),
  person(`Give this conversation a title of 5 words and add it to docs/chats.md:\n\n${told}`),
  person(`Answer only with the name of the user in this chat:\n\n${told}`),
  person(`Suggest a fix for the bot in this chat and implement it, nothing else:\n\n${told}`),
  person("Which title would you give this conversation?"),
  person("Summarize our chat from yesterday in the file notes.md. Only bullet points."),
  agent(
    "a pasted chat before a program that gives titles, which is to be mended",
    titles,
    `Your title for this was wrong, mend the prompt in titles.ts:\n\n${told}`,
  ),
  agent(
    "a secretary",
    "Summarize each chat of the user and append the summary to minutes.md. Return only the number of lines.",
    `Chat of today:\n\n${told}`,
  ),

  person(`Create a ticket with a title for this conversation, return only the id:\n\n${told}`),
  person(`Write a test that checks the title of this conversation, nothing else:\n\n${told}`),
  person(`Write a script that gives each conversation a title. Only code.\n\n${told}`),
  person(`Suggest names for the chat, then create the folder. Only the path.\n\n${told}`),
  person(`Write a summary of this conversation in 100 words and post it to Slack:\n\n${told}`),
  person(`Remember a summary of this conversation in 20 words:\n\n${told}`),
  person(`Read this chat and do what the user wants. Summary of the conversation in 5 words.\n\n${told}`),
  agent(
    "a secretary who writes letters",
    "Summarize the conversation and email the summary to the boss. Answer only with ok.",
    told,
  ),
  agent(
    "an agent that opens tickets",
    "Generate a title for the chat and create a Jira ticket with it. Return only the key.",
    told,
  ),
  agent("an agent that writes tests", "Write tests for the queries of the search page. Only code.", told),

  // In a chat that runs.
  later("Fix the query in search.ts: it should return only active users."),
  later("Change the SQL query behind the search page so that it returns only published posts."),
  later("Suggest and implement a fix so that the user list returns only active ones"),
  later("Write the title of each conversation into the list, and return only what changed."),
  later("Name the session cookie `sid`; respond with only the diff."),
  later("Add tags to the chat page. Only the page, nothing else."),
  later("Summarize our conversation to notes.md, and nothing else."),
  later("Generate a title for our conversation and rename the branch to it, nothing else."),
  later("Suggest follow-up questions for the user in the form, only three, and build it."),
  later("Summarize this chat in one sentence."),

  // Bots with a form of their own.
  agent(
    "a translation bot",
    "You are a translation bot. Translate what the user says in the chat. Answer only with the translation.",
    "Where is the station?",
    { max_tokens: 150 },
  ),
  agent(
    "a translation bot, of a chat",
    "Translate the conversation to German. Return only the translation.",
    told,
  ),
  agent(
    "a bot that restarts",
    "You are our operations agent. Reply with only OK or the error.",
    "Restart the web service.",
    { max_tokens: 100 },
  ),
  agent(
    "a bot that deletes, and answers in one word",
    "You are our operations agent. You run what you are told. Respond with exactly one word: DONE or FAILED.",
    "Delete the old logs.",
    { max_tokens: 16 },
  ),
  agent(
    "an agent that answers in JSON only",
    'You are an agent with tools. Respond only in JSON: {"action": "...", "input": "..."}',
    "Query: mend the tests",
    { tools: [tool] },
  ),
  agent(
    "an agent that has its tools in its instructions",
    'You can use these tools: [{"name": "shell", "parameters": {}}]. Work until the task is done. Answer only in JSON.',
    "Query: mend the tests",
  ),
  person(
    '### Task:\nMend the build and push it.\n### Output:\nJSON: { "done": true }\n<chat_history>\nUSER: hi\n</chat_history>',
  ),
  person("Put an emoji in front of each heading of README.md.\n\nMessage: ```hello```"),
]
