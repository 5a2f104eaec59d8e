// What a client does in the era of sessions with the published `server-everything`, whatever SDK it is made with, and what
// it sees of it. Prints one line of JSON for each step.
//
// The peer that is handed in knows its SDK:
//   open()          connects; what the server says of itself
//   answer(m, f)    lets f answer requests of the server with method m
//   hear(m, f)      lets f hear notices with method m
//   call(params, options), ask.NAME(params)   requests
//   close()         ends

import { setTimeout as pause } from 'node:timers/promises';

const PROMPT = { type: 'ref/prompt', name: 'completable-prompt' };
const TEMPLATE = { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' };
const DOCUMENT = 'demo://resource/static/document/features.md';
const PATIENCE_MS = 20_000;
// Servers take no more than 4 MiB over HTTP.
const LONG = 'å'.repeat(1 << 20);
const CROWD = Array.from({ length: 50 }, (_, number) => `number ${number}`);

export const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
export const ANSWERS = {
  'sampling/createMessage': { model: 'tests', role: 'assistant', content: { type: 'text', text: 'sampled' } },
  'elicitation/create': { action: 'accept', content: { name: 'Ada', integer: 7 } },
  'roots/list': { roots: [{ uri: 'file:///tmp/one', name: 'one' }] },
};

// The first of something, which is told by calling `happened`.
export function awaited(what) {
  let happened;
  const first = new Promise((resolve) => {
    happened = resolve;
  });
  const wait = async () => {
    const patience = new AbortController();
    const late = pause(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
      throw new Error(`no ${what} within ${PATIENCE_MS} ms`);
    });
    try {
      return await Promise.race([first, late]);
    } finally {
      late.catch(() => {});
      patience.abort();
    }
  };
  return { wait, happened };
}

// Records what steps come to: a result, or the error that the client raised.
export function recorder() {
  const print = (entry) => process.stdout.write(`${JSON.stringify(entry)}\n`);
  const step = async (name, action) => {
    try {
      print({ step: name, result: (await action()) ?? null });
    } catch (error) {
      print({ step: name, error: { name: error.name, code: error.code ?? null, message: error.message } });
    }
  };
  return { print, step };
}

export async function converse(peer) {
  const { print, step } = recorder();
  const asked = [];
  const rooted = awaited('request for roots');
  for (const [method, result] of Object.entries(ANSWERS)) {
    peer.answer(method, (params) => {
      asked.push({ method, params });
      if (method === 'roots/list') {
        rooted.happened();
      }
      return result;
    });
  }
  const logs = [];
  peer.hear('notifications/message', (params) => logs.push(params));
  const updated = awaited('resource update');
  peer.hear('notifications/resources/updated', (params) => updated.happened(params));

  await step('open', () => peer.open());
  // The server asks a moment after the opening; from then on the stream of its own messages is there.
  await rooted.wait();
  const call = (name, args, options) => peer.call({ name, arguments: args }, options);
  await step('ping', () => peer.ask.ping());
  await step('tools', () => peer.ask.listTools());
  await step('prompts', () => peer.ask.listPrompts());
  await step('resources', () => peer.ask.listResources());
  await step('templates', () => peer.ask.listResourceTemplates());
  await step('log level', () => peer.ask.setLoggingLevel('debug'));
  await step('text', () => call('echo', { message: 'hej \u2028 <&> \u{1F600}' }));
  await step('a long text', async () => {
    const { content } = await call('echo', { message: LONG });
    return content[0].text === `Echo: ${LONG}`;
  });
  await step('many at once', () => Promise.all(CROWD.map((message) => call('echo', { message }))));
  await step('numbers', () => call('get-sum', { a: 2, b: 40.5 }));
  await step('image', () => call('get-tiny-image', {}));
  await step('structured', () => call('get-structured-content', { location: 'Chicago' }));
  await step('annotated', () => call('get-annotated-message', { messageType: 'error', includeImage: true }));
  await step('links', () => call('get-resource-links', { count: 3 }));
  await step('error', () => call('get-resource-reference', { resourceType: 'Text', resourceId: -1 }));
  await step('sampling', () => call('trigger-sampling-request', { prompt: 'say it', maxTokens: 9 }));
  await step('elicitation', () => call('trigger-elicitation-request', {}));
  await step('roots', () => call('get-roots-list', {}));
  const progress = [];
  // The last notice comes with the result, and clients drop it when both arrive in one piece.
  const watching = { onprogress: (notice) => notice.progress < notice.total && progress.push(notice) };
  await step('progress', () => call('trigger-long-running-operation', { duration: 0.6, steps: 3 }, watching));
  print({ step: 'progress notices', result: progress });
  await step('cancel', () => {
    const cancelling = new AbortController();
    const stop = { signal: cancelling.signal, onprogress: () => cancelling.abort('enough') };
    return call('trigger-long-running-operation', { duration: 1.5, steps: 15 }, stop);
  });
  await step('prompt', () => peer.ask.getPrompt({ name: 'args-prompt', arguments: { city: 'Lund', state: 'Skåne' } }));
  await step('prompt that fails', () => peer.ask.getPrompt({ name: 'no-such-prompt' }));
  await step('read', () => peer.ask.readResource({ uri: DOCUMENT }));
  await step('read a template', () => peer.ask.readResource({ uri: 'demo://resource/dynamic/text/7' }));
  await step('read a blob', () => peer.ask.readResource({ uri: 'demo://resource/dynamic/blob/7' }));
  await step('read what is not there', () => peer.ask.readResource({ uri: 'demo://nothing' }));
  await step('complete', () => peer.ask.complete({ ref: PROMPT, argument: { name: 'department', value: 'E' } }));
  await step('complete a template', () => peer.ask.complete({ ref: TEMPLATE, argument: { name: 'resourceId', value: '7' } }));
  await step('subscribe', () => peer.ask.subscribeResource({ uri: DOCUMENT }));
  await step('updates on', () => call('toggle-subscriber-updates', {}));
  await step('update', () => updated.wait());
  await step('updates off', () => call('toggle-subscriber-updates', {}));
  await step('unsubscribe', () => peer.ask.unsubscribeResource({ uri: DOCUMENT }));
  await step('ping again', () => peer.ask.ping());
  print({ step: 'asked by the server', result: asked });
  print({ step: 'logs', result: logs });
  await peer.close();
}
