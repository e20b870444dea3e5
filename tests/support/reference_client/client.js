#!/usr/bin/env node
// A client of the image builder's API; README.md says how it behaves and what it prints.
"use strict";

const http = require("http");
const https = require("https");
const path = require("path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const PATIENCE_MS = 120000;

class Violation extends Error {}

function print(event) {
  process.stdout.write(JSON.stringify(event) + "\n");
}

function loadService(protoFolder) {
  const definition = protoLoader.loadSync(path.join(protoFolder, "image-builder-api", "imgbuilder.proto"), {
    includeDirs: [protoFolder], keepCase: true, enums: String, longs: Number, defaults: true, oneofs: true,
  });
  return grpc.loadPackageDefinition(definition).builder.ImageBuilder;
}

/** GET: the response once its head is there; rejects for every status but 200. */
function get(url, headers) {
  return new Promise((resolve, reject) => {
    const asked = (url.startsWith("https:") ? https : http).get(url, { headers }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Violation(`GET ${url} answered ${response.statusCode}`));
    });
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
  });
}

async function followLog(info) {
  const tasks = await get(info.url + "/_supervisor/v1/status/tasks", info.headers);
  let text = "";
  for await (const piece of tasks) text += piece;
  const terminal = JSON.parse(text).result.tasks[0].terminal;
  const stream = await get(`${info.url}/_supervisor/v1/terminal/listen/${terminal}`, info.headers);
  stream.setEncoding("utf8");
  const pieces = [];
  let rest = "";
  for await (const piece of stream) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const line of lines) pieces.push(Buffer.from(JSON.parse(line).result.data, "base64"));
  }
  if (rest !== "") throw new Violation("the log stream ends inside a line");
  return Buffer.concat(pieces);
}

function checkRunning(response) {
  const info = response.info;
  if (!info || !info.log_info || !info.log_info.url) throw new Violation("a running response without a log URL");
  if (Object.keys(info.log_info.headers).length === 0) throw new Violation("a running response without log headers");
  if (!response.ref || !response.base_ref || !info.build_id) throw new Violation("a running response without references");
}

/** Reads the whole stream of a Build; resolves with the promise of the log, or null where nothing was built. */
function build(client, request) {
  return new Promise((resolve, reject) => {
    const stream = client.Build(request, new grpc.Metadata(), { deadline: Date.now() + PATIENCE_MS });
    let log = null;
    let terminal = null;
    let failed = false;
    const fail = (error) => {
      failed = true;
      stream.cancel();
      reject(error);
    };
    stream.on("data", (response) => {
      if (failed) return;
      try {
        if (terminal) throw new Violation("a response after the terminal one");
        if (response.status === "running") {
          checkRunning(response);
          if (!log) log = followLog(response.info.log_info).catch((error) => fail(error));
          print({ event: "running", ref: response.ref, baseRef: response.base_ref, buildId: response.info.build_id,
            message: response.message });
        } else if (response.status === "done_success" || response.status === "done_failure") {
          if (!log && response.status === "done_failure") throw new Violation("a failure without a running response");
          terminal = response;
        } else {
          throw new Violation(`a response of status ${response.status}`);
        }
      } catch (error) {
        fail(error);
      }
    });
    stream.on("error", (error) => failed || fail(error));
    stream.on("end", () => {
      if (failed) return;
      if (terminal) resolve({ log, terminal });
      // A status that is no OK comes after the end, as an error: that says more.
      else setImmediate(() => failed || fail(new Violation("the stream ended before a terminal response")));
    });
  });
}

async function main() {
  const [address, protoFolder, request] = process.argv.slice(2);
  const client = new (loadService(protoFolder))(address, grpc.credentials.createInsecure());
  try {
    const { log, terminal } = await build(client, JSON.parse(request));
    if (log) print({ event: "log", data: (await log).toString("base64") });
    print({ event: "done", status: terminal.status, ref: terminal.ref, message: terminal.message });
    return 0;
  } catch (error) {
    if (error instanceof Violation) print({ event: "violation", what: error.message });
    else print({ event: "error", code: error.code ?? "", details: error.details ?? error.message });
    return 1;
  } finally {
    client.close();
  }
}

main().then((code) => { process.exitCode = code; });
