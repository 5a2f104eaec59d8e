// What a client does with servers of the stateless era (2026-07-28): `stateless-server.mjs`, and the one in Python that has
// the same. A client that knows only the era of sessions does what it can. See conversation.mjs.

import { setTimeout as pause } from 'node:timers/promises';

import { ANSWERS, awaited, recorder } from './conversation.mjs';

const NOTES = 'notes://today';
// How often, and after how many milliseconds each time, a server is asked whether it noticed.
const TRIES = 50;
const PAUSE_MS = 20;
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

export async function converseWithoutSession(peer) {
  const { print, step } = recorder();
  const asked = [];
  for (const [method, result] of Object.entries(ANSWERS)) {
    peer.answer(method, (params) => {
      asked.push({ method, params });
      return result;
    });
  }
  const logs = [];
  peer.hear('notifications/message', (params) => logs.push(params));
  const changed = awaited('change of tools');
  peer.hear('notifications/tools/list_changed', () => changed.happened('heard'));
  const updated = awaited('resource update');
  peer.hear('notifications/resources/updated', (params) => updated.happened({ uri: params.uri }));

  const call = (name, args, options) => peer.call({ name, arguments: args }, options);
  await step('open', () => peer.open());
  await step('tools', () => peer.ask.listTools());
  await step('prompts', () => peer.ask.listPrompts());
  await step('resources', () => peer.ask.listResources());
  await step('templates', () => peer.ask.listResourceTemplates());
  await step('text', () => call('text', { message: 'hej \u2028 <&> \u{1F600}' }));
  await step('image', () => call('image', {}));
  await step('structured', () => call('structured', {}));
  await step('failing', () => call('failing', {}));
  await step('throwing', () => call('throwing', {}));
  await step('header', () => call('regional', { region: 'Göteborg', size: 7 }));
  const progress = [];
  await step('progress', () => call('steps', {}, { onprogress: (notice) => progress.push(notice) }));
  print({ step: 'progress notices', result: progress });
  await step('cancel', () => {
    const cancelling = new AbortController();
    return call('wait', {}, { signal: cancelling.signal, onprogress: () => cancelling.abort('enough') });
  });
  await step('the server noticed', async () => {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const { content } = await call('abandoned', {});
      if (content[0].text !== '0') {
        return 'yes';
      }
      await pause(PAUSE_MS);
    }
    return 'no';
  });
  await step('asked and answered', () => call('ask', {}));
  await step('log', () => peer.call({ name: 'log', arguments: {}, _meta: { [LOG_LEVEL]: 'debug' } }));
  await step('no log', () => call('log', {}));
  await step('prompt', () => peer.ask.getPrompt({ name: 'greet', arguments: { whom: 'Ada' } }));
  await step('read', () => peer.ask.readResource({ uri: NOTES }));
  await step('read what is not there', () => peer.ask.readResource({ uri: 'notes://never' }));
  const ref = { type: 'ref/prompt', name: 'greet' };
  await step('complete', () => peer.ask.complete({ ref, argument: { name: 'whom', value: 'A' } }));
  if (peer.ask.listen) {
    await hearChanges(peer, step, call, [changed, updated]);
  }
  await step('tools after the change', () => peer.ask.listTools());
  print({ step: 'asked by the server', result: asked });
  print({ step: 'logs', result: logs });
  await peer.close();
}

async function hearChanges(peer, step, call, notices) {
  let subscription;
  await step('listen', async () => {
    subscription = await peer.ask.listen({ toolsListChanged: true, resourceSubscriptions: [NOTES] });
    return subscription.honoredFilter;
  });
  await step('announce', () => call('announce', {}));
  await step('changes', () => Promise.all(notices.map((notice) => notice.wait())));
  await step('stop listening', async () => {
    await subscription.close();
    return subscription.closed;
  });
}
