// A client made with the TypeScript SDK 1.x.
//
//   sdk1-client.mjs URL | sdk1-client.mjs -- COMMAND [ARGUMENT...]

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { CAPABILITIES, converse } from './conversation.mjs';
import { converseWithoutSession } from './stateless-conversation.mjs';

const SCHEMAS = {
  'elicitation/create': ElicitRequestSchema,
  'notifications/message': LoggingMessageNotificationSchema,
  'notifications/resources/updated': ResourceUpdatedNotificationSchema,
  'notifications/tools/list_changed': ToolListChangedNotificationSchema,
  'roots/list': ListRootsRequestSchema,
  'sampling/createMessage': CreateMessageRequestSchema,
};

const [target, ...command] = process.argv.slice(2);
const transport =
  target === '--'
    ? new StdioClientTransport({ command: command[0], args: command.slice(1), stderr: 'ignore' })
    : new StreamableHTTPClientTransport(new URL(target));
const client = new Client({ name: 'sdk1-client', version: '1.0.0' }, { capabilities: CAPABILITIES });
const peer = {
  ask: client,
  answer: (method, answer) => client.setRequestHandler(SCHEMAS[method], ({ params }) => answer(params)),
  hear: (method, hear) => client.setNotificationHandler(SCHEMAS[method], ({ params }) => hear(params)),
  open: async () => {
    await client.connect(transport);
    return { server: client.getServerVersion(), capabilities: client.getServerCapabilities(), says: client.getInstructions() };
  },
  call: (params, options) => client.callTool(params, undefined, options),
  close: async () => {
    await transport.terminateSession?.();
    await client.close();
  },
};
await (process.env.CONVERSATION === 'stateless' ? converseWithoutSession(peer) : converse(peer));
