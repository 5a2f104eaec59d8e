// A server, made with the TypeScript SDK 2.x, of the revision 2026-07-28: no session, and what it wants to know of its
// client it asks in the result of a call.
//
//   stateless-server.mjs stdio | stateless-server.mjs http      listens on a free port of this machine and says which

import { createServer as listen } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, inputRequired, inputResponse, ResourceNotFoundError, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const STEP_MS = 20;
const NOTES = 'notes://today';
const CACHED = { ttlMs: 60_000, cacheScope: 'public' };

const text = (said) => ({ type: 'text', text: said });
const content = (...parts) => ({ content: parts });
const takes = (properties) => ({ type: 'object', properties, required: Object.keys(properties) });
const NOTHING = takes({});
const STRING = { type: 'string' };

// How many calls of `wait` their callers gave up.
let abandoned = 0;
// Tells all who listen; what that takes depends on the transport.
let announce = async () => {};

const progress = (ctx, params) =>
  ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: ctx.mcpReq._meta?.progressToken, ...params } });

const TOOLS = {
  text: [takes({ message: STRING }), ({ message }) => content(text(`${message} ${message.length}`))],
  image: [NOTHING, () => content({ type: 'image', data: PNG, mimeType: 'image/png' })],
  structured: [
    NOTHING,
    () => ({ ...content(text('{"precise":0.1,"many":[1,2]}')), structuredContent: { precise: 0.1, many: [1, 2] } }),
    { outputSchema: takes({ precise: { type: 'number' }, many: { type: 'array', items: { type: 'integer' } } }) },
  ],
  failing: [NOTHING, () => ({ ...content(text('it went wrong')), isError: true })],
  throwing: [
    NOTHING,
    () => {
      throw new Error('it broke');
    },
  ],
  // The parameter is repeated in a header, so that the way to a server can depend on it.
  regional: [
    takes({ region: { ...STRING, 'x-mcp-header': 'Region' }, size: { type: 'integer' } }),
    ({ region, size }) => content(text(`${size} in ${region}`)),
  ],
  steps: [
    NOTHING,
    async (_, ctx) => {
      for (const step of [1, 2, 3]) {
        await progress(ctx, { progress: step, total: 3, message: `step ${step}` });
        await pause(STEP_MS);
      }
      return content(text('done'));
    },
  ],
  wait: [
    NOTHING,
    async (_, ctx) => {
      await progress(ctx, { progress: 0 });
      await new Promise((resolve) => ctx.mcpReq.signal.addEventListener('abort', resolve, { once: true }));
      abandoned += 1;
      return content(text('given up'));
    },
  ],
  abandoned: [NOTHING, () => content(text(String(abandoned)))],
  log: [
    NOTHING,
    async (_, ctx) => {
      await ctx.mcpReq.log('info', { said: 'a record' }, 'stateless');
      return content(text('logged'));
    },
  ],
  ask: [
    NOTHING,
    (_, ctx) => {
      const name = inputResponse(ctx.mcpReq.inputResponses, 'name');
      const thought = inputResponse(ctx.mcpReq.inputResponses, 'thought');
      if (name.kind === 'missing' || thought.kind === 'missing') {
        return inputRequired({
          inputRequests: {
            name: inputRequired.elicit({ message: 'Who are you?', requestedSchema: takes({ name: STRING }) }),
            thought: inputRequired.createMessage({ messages: [{ role: 'user', content: text('Think.') }], maxTokens: 9 }),
            roots: inputRequired.listRoots(),
          },
          requestState: 'asked once',
        });
      }
      const { roots } = inputResponse(ctx.mcpReq.inputResponses, 'roots');
      return content(text(JSON.stringify([ctx.mcpReq.requestState(), name, thought.result, roots])));
    },
  ],
  announce: [
    NOTHING,
    async () => {
      await announce();
      return content(text('announced'));
    },
  ],
};

function create() {
  const capabilities = {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
    completions: {},
    logging: {},
  };
  const server = new Server({ name: 'stateless-server', version: '1.0.0' }, { capabilities, instructions: 'Ask.' });
  const answer = (method, handler) => server.setRequestHandler(method, ({ params }, ctx) => handler(params, ctx));
  answer('tools/list', () => ({
    tools: Object.entries(TOOLS).map(([name, [inputSchema, , more]]) => ({ name, description: name, inputSchema, ...more })),
    ...CACHED,
  }));
  answer('tools/call', ({ name, arguments: args }, ctx) => TOOLS[name][1](args ?? {}, ctx));
  answer('prompts/list', () => ({ prompts: [{ name: 'greet', arguments: [{ name: 'whom', required: true }] }], ...CACHED }));
  answer('prompts/get', ({ arguments: { whom } }) => ({ messages: [{ role: 'user', content: text(`Greet ${whom}`) }] }));
  answer('resources/list', () => ({ resources: [{ uri: NOTES, name: 'notes', mimeType: 'text/plain' }], ...CACHED }));
  answer('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'notes://{day}', name: 'a day' }],
    ...CACHED,
  }));
  answer('resources/read', ({ uri }) => {
    if (uri !== NOTES) {
      throw new ResourceNotFoundError(uri);
    }
    return { contents: [{ uri, mimeType: 'text/plain', text: 'nothing new \u2028' }], ...CACHED };
  });
  answer('completion/complete', ({ argument }) => ({ completion: { values: [`${argument.value}da`], hasMore: false } }));
  return server;
}

if (process.argv[2] === 'stdio') {
  const made = new Set();
  serveStdio(() => {
    const server = create();
    made.add(server);
    return server;
  });
  announce = async () => {
    for (const server of made) {
      await server.sendToolListChanged().catch(() => made.delete(server));
      await server.sendResourceUpdated({ uri: NOTES }).catch(() => made.delete(server));
    }
  };
} else {
  const handler = createMcpHandler(create);
  announce = async () => {
    handler.notify.toolsChanged();
    handler.notify.resourceUpdated(NOTES);
  };
  const guards = [localhostHostValidation(), localhostOriginValidation()];
  const answer = toNodeHandler(handler);
  const listener = listen((request, response) => {
    if (guards.every((passes) => passes(request, response))) {
      answer(request, response);
    }
  });
  listener.listen(0, '127.0.0.1', () => console.log(`listening on ${listener.address().port}`));
}
