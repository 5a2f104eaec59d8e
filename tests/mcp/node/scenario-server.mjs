// A server, made with the TypeScript SDK, that has what the scenarios of the conformance suite ask for. Listens on a free
// port of this machine and says which. Guards itself against DNS rebinding, and lets broken streams be resumed.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

// One red pixel, and a sound without samples.
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';

// Between two notices of a tool, so that they are seen as separate ones.
const BREATH_MS = 20;
// When a client may come back to a stream that was closed.
const RETRY_MS = 500;

const text = (said) => ({ type: 'text', text: said });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const embedded = (uri, mimeType, said) => ({ type: 'resource', resource: { uri, mimeType, text: said } });
const content = (...parts) => ({ content: parts });
const takes = (properties) => ({ type: 'object', properties, required: Object.keys(properties) });
const NOTHING = takes({});

const choice = (key, prefix) => [1, 2, 3].map((number) => ({ const: `${key}${number}`, title: `${prefix} ${number}` }));
const FORMS = {
  defaults: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
  enums: {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: choice('value', 'Choice') },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option 1', 'Option 2', 'Option 3'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: choice('value', 'Choice') } },
  },
};

async function elicit(extra, message, properties, required = []) {
  const requestedSchema = { type: 'object', properties, required };
  const params = { mode: 'form', message, requestedSchema };
  const answer = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
  return content(text(`action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`));
}

async function sample(extra, prompt) {
  const params = { messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 };
  const answer = await extra.sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema);
  return content(text(`LLM response: ${answer.content.text}`));
}

async function tell(extra, method, notices) {
  for (const params of notices) {
    await extra.sendNotification({ method, params });
    await pause(BREATH_MS);
  }
}

const logged = (data) => ({ level: 'info', data });
const progressed = (extra, progress) => ({ progressToken: extra._meta?.progressToken ?? 0, progress, total: 100 });

const TOOLS = {
  test_simple_text: [NOTHING, () => content(text('This is a simple text response for testing.'))],
  test_image_content: [NOTHING, () => content(image)],
  test_audio_content: [NOTHING, () => content({ type: 'audio', data: WAV, mimeType: 'audio/wav' })],
  test_embedded_resource: [NOTHING, () => content(embedded('test://embedded-resource', 'text/plain', 'embedded'))],
  test_multiple_content_types: [
    NOTHING,
    () => content(text('several'), image, embedded('test://mixed-content-resource', 'application/json', '{"a":1}')),
  ],
  test_tool_with_logging: [
    NOTHING,
    async (_, extra) => {
      await tell(extra, 'notifications/message', ['started', 'processing', 'completed'].map(logged));
      return content(text('logged'));
    },
  ],
  test_tool_with_progress: [
    NOTHING,
    async (_, extra) => {
      await tell(extra, 'notifications/progress', [0, 50, 100].map((part) => progressed(extra, part)));
      return content(text(String(extra._meta?.progressToken)));
    },
  ],
  test_error_handling: [
    NOTHING,
    () => ({ ...content(text('This tool intentionally returns an error for testing')), isError: true }),
  ],
  test_sampling: [takes({ prompt: { type: 'string' } }), ({ prompt }, extra) => sample(extra, prompt)],
  test_elicitation: [
    takes({ message: { type: 'string' } }),
    ({ message }, extra) => elicit(extra, message, { response: { type: 'string' } }, ['response']),
  ],
  test_elicitation_sep1034_defaults: [NOTHING, (_, extra) => elicit(extra, 'Look through it', FORMS.defaults)],
  test_elicitation_sep1330_enums: [NOTHING, (_, extra) => elicit(extra, 'Choose', FORMS.enums)],
  test_reconnection: [
    NOTHING,
    async (_, extra) => {
      extra.closeSSEStream?.();
      await pause(RETRY_MS / 5);
      return content(text('The stream was resumed.'));
    },
  ],
  json_schema_2020_12_tool: [
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
      properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
      additionalProperties: false,
    },
    (args) => content(text(JSON.stringify(args))),
  ],
};

const RESOURCES = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content' },
};
const TEMPLATE = /^test:\/\/template\/([^/]+)\/data$/;

function read(uri) {
  const [, id] = TEMPLATE.exec(uri) ?? [];
  const templated = id && { mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true }) };
  const found = RESOURCES[uri] ?? templated;
  if (!found) {
    throw new McpError(ErrorCode.InvalidParams, `there is no resource ${uri}`);
  }
  return { contents: [{ uri, ...found }] };
}

const says = (...parts) => ({ messages: parts.map((part) => ({ role: 'user', content: part })) });
const PROMPTS = {
  test_simple_prompt: [[], () => says(text('This is a simple prompt for testing.'))],
  test_prompt_with_arguments: [
    ['arg1', 'arg2'],
    ({ arg1, arg2 }) => says(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  ],
  test_prompt_with_embedded_resource: [
    ['resourceUri'],
    ({ resourceUri }) => says(embedded(resourceUri, 'text/plain', 'embedded'), text('Read it.')),
  ],
  test_prompt_with_image: [[], () => says(image, text('Look at it.'))],
};

function createServer() {
  const capabilities = { tools: {}, resources: { subscribe: true }, prompts: {}, logging: {}, completions: {} };
  const server = new Server({ name: 'scenario-server', version: '1.0.0' }, { capabilities });
  const answer = (schema, handler) => server.setRequestHandler(schema, ({ params }, extra) => handler(params, extra));
  const found = (table, name) => {
    if (!Object.hasOwn(table, name)) {
      throw new McpError(ErrorCode.InvalidParams, `there is nothing named ${name}`);
    }
    return table[name];
  };
  answer(ListToolsRequestSchema, () => ({
    tools: Object.entries(TOOLS).map(([name, [inputSchema]]) => ({ name, description: `Tests ${name}`, inputSchema })),
  }));
  answer(CallToolRequestSchema, ({ name, arguments: args }, extra) => found(TOOLS, name)[1](args ?? {}, extra));
  answer(ListResourcesRequestSchema, () => ({
    resources: Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({ uri, name: uri, description: uri, mimeType })),
  }));
  answer(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  }));
  answer(ReadResourceRequestSchema, ({ uri }) => read(uri));
  answer(ListPromptsRequestSchema, () => ({
    prompts: Object.entries(PROMPTS).map(([name, [names]]) => ({
      name,
      description: `Tests ${name}`,
      arguments: names.map((argument) => ({ name: argument, description: argument, required: true })),
    })),
  }));
  answer(GetPromptRequestSchema, ({ name, arguments: args }) => found(PROMPTS, name)[1](args ?? {}));
  answer(CompleteRequestSchema, ({ argument }) => ({ completion: { values: [`${argument.value}x`], total: 1, hasMore: false } }));
  for (const schema of [SubscribeRequestSchema, UnsubscribeRequestSchema, SetLevelRequestSchema]) {
    answer(schema, () => ({}));
  }
  return server;
}

// What was sent, in order, for streams that are resumed. An event is known by its stream and its place in it.
function createStore() {
  const streams = new Map();
  return {
    async storeEvent(stream, message) {
      const sent = streams.get(stream) ?? [];
      streams.set(stream, sent);
      sent.push(message);
      return `${stream}/${sent.length}`;
    },
    async replayEventsAfter(last, { send }) {
      const [stream, place] = last.split('/');
      const sent = streams.get(stream) ?? [];
      for (let number = Number(place); number < sent.length; number += 1) {
        // The first event of a stream only gives it an id.
        if (sent[number].jsonrpc) {
          await send(`${stream}/${number + 1}`, sent[number]);
        }
      }
      return stream;
    },
  };
}

const sessions = new Map();

async function open() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: createStore(),
    retryInterval: RETRY_MS,
    onsessioninitialized: (id) => sessions.set(id, transport),
    onsessionclosed: (id) => sessions.delete(id),
  });
  await createServer().connect(transport);
  return transport;
}

const app = createMcpExpressApp();
app.all('/mcp', async (request, response) => {
  const id = request.headers['mcp-session-id'];
  const transport = id ? sessions.get(id) : await open();
  if (transport) {
    await transport.handleRequest(request, response, request.body);
  } else {
    response.status(404).json({ jsonrpc: '2.0', error: { code: -32001, message: 'there is no such session' }, id: null });
  }
});
const listener = app.listen(0, '127.0.0.1', () => console.log(`listening on ${listener.address().port}`));
