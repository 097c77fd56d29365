#!/usr/bin/env node
// Old syntax on purpose: this file must run on any Node to say which one is needed.
'use strict'

var path = require('path')
var fs = require('fs')

var root = path.join(fs.realpathSync(__filename), '..', '..')
var main = path.join(root, 'dist', 'main.js')
var wanted = [24, 15]

function isNewEnough(version) {
  var parts = version.split('.').map(Number)
  return parts[0] > wanted[0] || (parts[0] === wanted[0] && parts[1] >= wanted[1])
}

function fail(message) {
  process.stderr.write('ai-agent-proxy: ' + message + '\n')
  process.exit(78)
}

if (!fs.existsSync(main)) {
  fail('it is not built yet. Run `make install` in ' + root + '.')
} else if (isNewEnough(process.versions.node)) {
  // V8 lets its young generation grow to 32 MB under a stream, and keeps it. A service that spawns wants to stay small:
  // each spawn() blocks in proportion to the memory. Throughput is the same (docs/performance.md).
  require('v8').setFlagsFromString('--semi-space-growth-factor=1')
  import(require('url').pathToFileURL(main).href).catch(function (error) {
    process.stderr.write(String((error && error.stack) || error) + '\n')
    process.exit(1)
  })
} else {
  runUnderOwnNode()
}

// A checkout brings its own Node as a development dependency.
function runUnderOwnNode() {
  var own = path.join(root, 'node_modules', 'node', 'bin', 'node')
  if (!fs.existsSync(own)) {
    fail(
      'Node ' + wanted.join('.') + ' or newer is needed, this is ' + process.versions.node + '. ' +
        'Install it, or run: npx -y -p node@24 -p ai-agent-proxy ai-agent-proxy ' + process.argv.slice(2).join(' ')
    )
    return
  }
  var child = require('child_process').spawn(own, [__filename].concat(process.argv.slice(2)), { stdio: 'inherit' })
  var signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  signals.forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal)
    })
  })
  child.on('error', function (error) {
    fail('could not start ' + own + ': ' + error.message)
  })
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code)
    signals.forEach(function (name) {
      process.removeAllListeners(name)
    })
    process.kill(process.pid, signal)
  })
}
