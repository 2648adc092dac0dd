// Signs every request of requests.lua anew by the vendor's own code; any difference fails.
// SPDX-License-Identifier: MIT
'use strict';

const readline = require('readline');
const { isDeepStrictEqual } = require('util');
const { OpenApiUtil } = require('@alicloud/openapi-core');

const OPERATIONS = 29;
const SYSTEM = ['Action', 'Version', 'Format', 'Timestamp', 'SignatureNonce', 'SignatureMethod', 'SignatureVersion',
  'AccessKeyId', 'SecurityToken', 'Signature'];

// Strict on purpose: what only a lenient server would read is a difference.
function decodePairs(text) {
  const found = {};
  for (const pair of text === '' ? [] : text.split('&')) {
    const at = pair.indexOf('=');
    if (at < 0 || /[^A-Za-z0-9\-_.~%]/.test(pair.replace('=', ''))) throw new Error(`odd pair ${pair}`);
    const name = decodeURIComponent(pair.slice(0, at));
    if (name in found) throw new Error(`${name} twice`);
    found[name] = decodeURIComponent(pair.slice(at + 1));
  }
  return found;
}

function read(line) {
  const url = new URL(line.url);
  const query = decodePairs(line.url.includes('?') ? line.url.slice(line.url.indexOf('?') + 1) : '');
  const form = decodePairs(line.body || '');
  return { host: url.host, pathname: url.pathname, query, form };
}

function signRpc(line, request) {
  const all = { ...request.query, ...request.form };
  if (Object.keys(all).length !== Object.keys(request.query).length + Object.keys(request.form).length) {
    throw new Error('a name in query and form');
  }
  const sent = all.Signature;
  delete all.Signature;
  return { sent, vendor: OpenApiUtil.getRPCSignature(all, line.method, line.secret) };
}

function signAcs3(line, request) {
  const hash = OpenApiUtil.hash(Buffer.from(line.body || ''), line.algorithm).toString('hex');
  if (hash !== line.headers['x-acs-content-sha256']) return { sent: line.headers['x-acs-content-sha256'], vendor: hash };
  const headers = { ...line.headers, host: request.host };
  const vendor = OpenApiUtil.getAuthorization(
    { method: line.method, pathname: request.pathname, query: request.query, headers }, line.algorithm, hash, line.id,
    line.secret);
  return { sent: line.headers.authorization, vendor };
}

// A table went as JSON text, which says what the table said; the rest went as it was.
function differing(line, request) {
  const carried = { ...request.query, ...request.form };
  for (const name of SYSTEM) delete carried[name];
  return Object.keys({ ...carried, ...line.params }).filter((name) => {
    const wanted = line.params[name];
    const isJson = typeof wanted === 'object' && carried[name] !== undefined;
    return !isDeepStrictEqual(isJson ? JSON.parse(carried[name]) : carried[name], wanted);
  });
}

function sign(line, request) {
  return line.algorithm === 'HMAC-SHA1' ? signRpc(line, request) : signAcs3(line, request);
}

// That this check can fail: one byte of the request changed, and the signatures differ.
function isSensitive(line, request) {
  const query = { ...request.query };
  const form = { ...request.form };
  const target = Object.keys(form).length > 0 ? form : query;
  const name = Object.keys(target).filter((each) => each !== 'Signature').sort()[0];
  if (name === undefined) return true;
  target[name] += 'x';
  const body = line.body === undefined ? undefined : line.body + 'x';
  const { sent, vendor } = sign({ ...line, body }, { ...request, query, form });
  return sent !== vendor;
}

async function main() {
  const actions = new Set();
  const algorithms = {};
  const differences = [];
  let bytes = 0;
  for await (const text of readline.createInterface({ input: process.stdin })) {
    const line = JSON.parse(text);
    let complaint;
    try {
      const request = read(line);
      const { sent, vendor } = sign(line, request);
      const lost = differing(line, request);
      if (!sent || sent !== vendor) complaint = `sent ${sent}, the vendor's code says ${vendor}`;
      else if (lost.length > 0) complaint = `${lost} travelled as something else`;
      else if (!isSensitive(line, request)) complaint = 'a changed byte went unnoticed';
    } catch (error) {
      complaint = String(error);
    }
    if (complaint) differences.push(`${line.action} ${line.algorithm}: ${complaint}`);
    actions.add(line.action);
    algorithms[line.algorithm] = (algorithms[line.algorithm] || 0) + 1;
    bytes += text.length;
  }
  const counts = Object.entries(algorithms).map(([name, count]) => `${count} ${name}`).join(', ');
  console.log(`conformance: ${actions.size} operations, ${counts}, ${(bytes / 1e6).toFixed(1)} MB of requests: `
    + `${differences.length} differences`);
  differences.slice(0, 20).forEach((each) => console.log('  ' + each));
  process.exitCode = differences.length === 0 && actions.size === OPERATIONS
    && Object.keys(algorithms).length === 3 ? 0 : 1;
}

main();
