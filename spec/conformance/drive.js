// Drives the emulator through all operations by the vendor's own client, in both signature families: it must accept
// what that client sends, and refuse it once a byte has changed on the way.
// SPDX-License-Identifier: MIT
//
// node drive.js HOST:PORT ID SECRET EXPECTED, where EXPECTED operations must be known to the emulator.
'use strict';

const http = require('http');
const { default: Client, $OpenApiUtil } = require('@alicloud/openapi-core');

const [target, id, secret, expected] = process.argv.slice(2);
const VERSION = '2019-03-15';
const SIGNATURE_REFUSALS = ['SignatureNotMatch', 'SignatureDoesNotMatch', 'IncompleteSignature'];

const other = (character) => (character === '1' ? '2' : '1');
const changeLast = (text) => text.replace(/.$/, other);

// Each makes another request of one by changing one byte of it; null where there is no such byte.
const CHANGES = {
  nothing: (request) => request,
  nonce: (request) => (request.headers['x-acs-signature-nonce']
    ? { ...request, headers: { ...request.headers,
      'x-acs-signature-nonce': changeLast(request.headers['x-acs-signature-nonce']) } }
    : { ...request, url: request.url.replace(/(SignatureNonce=[^&]*)[^&](?=&|$)/, '$1_') }),
  query: (request) => (request.headers['x-acs-signature-nonce'] && request.url.includes('?')
    ? { ...request, url: changeLast(request.url) } : null),
  body: (request) => (request.body.length > 0 ? { ...request, body: changeLast(request.body) } : null),
};

// A server between client and emulator that changes what passes as `change` says.
class Between {
  constructor() {
    this.change = CHANGES.nothing;
    this.server = http.createServer((incoming, outgoing) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('end', () => this.forward(incoming, Buffer.concat(chunks).toString('latin1'), outgoing));
    });
  }

  forward(incoming, body, outgoing) {
    const before = { url: incoming.url, headers: incoming.headers, body };
    const after = this.change(before);
    this.changed = after !== null;
    if (!this.changed) {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end('{}');
      return;
    }
    const { url, headers, body: sent } = after;
    const [hostname, port] = target.split(':');
    const request = http.request({ hostname, port, path: url, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    request.on('error', () => outgoing.destroy());
    request.end(Buffer.from(sent, 'latin1'));
  }

  listen() {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${this.server.address().port}`));
    });
  }
}

function newClient(endpoint, signatureAlgorithm) {
  return new Client(new $OpenApiUtil.Config({ endpoint, protocol: 'HTTP', accessKeyId: id, accessKeySecret: secret,
    signatureAlgorithm, readTimeout: 20000, connectTimeout: 5000 }));
}

const stringify = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => (
  [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])));

// The code of the answer: 'OK', or the refusal's.
async function call(client, [action, method, query, form]) {
  const params = new $OpenApiUtil.Params({ action, version: VERSION, protocol: 'HTTP', pathname: '/', method,
    authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json' });
  const request = new $OpenApiUtil.OpenApiRequest({ query: stringify(query || {}),
    body: form === undefined ? undefined : stringify(form) });
  try {
    const answer = await client.callApi(params, request, {});
    return { code: 'OK', body: answer.body };
  } catch (error) {
    if (!error.code || error.code === 'undefined') throw error;
    return { code: error.code };
  }
}

const DEFINITION = 'Type: StateMachine\nSpecVersion: v1\nName: driven\nStartAt: Each\nStates:\n'
  + '  - Type: Map\n    Name: Each\n    ProcessorConfig: { ExecutionMode: Express }\n    End: true\n';

// In an order in which each finds what it needs.
function steps(family) {
  const FlowName = 'driven';
  const ExecutionName = `driven-${family}`;
  const ScheduleName = 'hourly';
  const map = { FlowName: 'flow', ExecutionName: 'execution', MapRunName: process.env.MAP_RUN };
  const routes = [{ Version: '1', Weight: 100 }];
  return [
    ['DescribeRegions', 'POST', {}, { AcceptLanguage: 'en-US' }],
    ['CreateFlow', 'POST', {}, { Name: FlowName, Type: 'FDL', Definition: DEFINITION, Description: '中文 ~*+/ %&=',
      Environment: { Variables: [{ Name: 'a', Value: 'b' }] } }],
    ['UpdateFlow', 'POST', {}, { Name: FlowName, Description: 'changed' }],
    ['DescribeFlow', 'GET', { Name: FlowName }],
    ['ListFlows', 'GET', { Limit: 10 }],
    ['PublishFlowVersion', 'POST', {}, { FlowName, Description: 'first' }],
    ['ListFlowVersions', 'GET', { FlowName, Limit: '10' }],
    ['CreateFlowAlias', 'POST', {}, { FlowName, Name: 'live', RoutingConfigurations: routes }],
    ['UpdateFlowAlias', 'POST', {}, { FlowName, Name: 'live', RoutingConfigurations: routes, Description: 'd' }],
    ['DescribeFlowAlias', 'GET', { FlowName, Name: 'live' }],
    ['ListFlowAliases', 'GET', { FlowName }],
    ['StartExecution', 'POST', {}, { FlowName, ExecutionName, Input: { items: [1, 2, 3] } }],
    ['StartSyncExecution', 'POST', {}, { FlowName, Input: {} }],
    ['DescribeExecution', 'GET', { FlowName, ExecutionName, WaitTimeSeconds: 0 }],
    ['ListExecutions', 'GET', { FlowName, MetadataOnly: true }],
    ['GetExecutionHistory', 'GET', { FlowName, ExecutionName, Limit: 100 }],
    ['StopExecution', 'POST', {}, { FlowName, ExecutionName, Error: 'Driven', Cause: 'ends here' }],
    ['DescribeMapRun', 'GET', map],
    ['UpdateMapRun', 'GET', { ...map, Concurrency: 5, ToleratedFailedPercentage: 12.5 }],
    ['ReportTaskSucceeded', 'POST', { TaskToken: 'none+/=' }, { Output: '{}' }],
    ['ReportTaskFailed', 'POST', { TaskToken: 'none+/=' }, { Error: 'Bad', Cause: 'worse' }],
    ['CreateSchedule', 'POST', {}, { FlowName, ScheduleName, CronExpression: '0 30 9 * * *', Enable: false }],
    ['UpdateSchedule', 'POST', {}, { FlowName, ScheduleName, Payload: '{"a":1}' }],
    ['DescribeSchedule', 'GET', { FlowName, ScheduleName }],
    ['ListSchedules', 'GET', { FlowName, Limit: 5 }],
    ['DeleteSchedule', 'POST', {}, { FlowName, ScheduleName }],
    ['DeleteFlowAlias', 'POST', {}, { FlowName, Name: 'live' }],
    ['DeleteFlowVersion', 'POST', {}, { FlowName, FlowVersion: '1' }],
    ['DeleteFlow', 'POST', {}, { Name: FlowName }],
  ];
}

// Tasks that wait for a callback are made by flows; these tokens name none, so the operation itself refuses.
const NO_TASK = ['ReportTaskSucceeded InvalidArgument', 'ReportTaskFailed InvalidArgument'];

// What is wrong with how the emulator took one step, and whether it knows it at all.
async function drive(client, between, step) {
  const wrong = [];
  let changes = 0;
  for (const name of ['nonce', 'query', 'body']) {
    between.change = CHANGES[name];
    const { code } = await call(client, step);
    if (code === 'ActionNotSupported') return { known: false, wrong, changes };
    if (between.changed) {
      changes += 1;
      if (!SIGNATURE_REFUSALS.includes(code)) wrong.push(`${step[0]} with another ${name}: ${code}`);
    }
  }
  between.change = CHANGES.nothing;
  const { code } = await call(client, step);
  if (code !== 'OK' && !NO_TASK.includes(`${step[0]} ${code}`)) wrong.push(`${step[0]}: ${code}`);
  return { known: true, wrong, changes };
}

async function main() {
  const between = new Between();
  const endpoint = await between.listen();
  const wrong = [];
  const known = new Set();
  let changes = 0;
  for (const [family, algorithm] of [['rpc', 'v2'], ['acs3', undefined], ['sm3', 'ACS3-HMAC-SM3']]) {
    const client = newClient(endpoint, algorithm);
    for (const step of steps(family)) {
      const seen = await drive(client, between, step);
      if (seen.known) known.add(step[0]);
      wrong.push(...seen.wrong.map((each) => `${family} ${each}`));
      changes += seen.changes;
    }
  }
  between.server.close();
  console.log(`conformance: the vendor's client drove ${known.size} operations in 3 signatures, `
    + `${changes} changed requests: ${wrong.length} wrong answers`);
  wrong.slice(0, 20).forEach((each) => console.log('  ' + each));
  process.exit(wrong.length === 0 && known.size === Number(expected) ? 0 : 1);
}

main().catch((error) => { console.error(error); process.exit(1); });
