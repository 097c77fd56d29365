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

hideKey()

if (!fs.existsSync(main)) {
  fail('it is not built yet. Run `make install` in ' + root + '.')
} else if (isNewEnough(process.versions.node)) {
  // A service that waits and spawns wants to stay small: each spawn() blocks in proportion to the memory. V8 would let its
  // young generation grow to 32 MB under a stream and the old one to four times what is alive, and spend on its second
  // compiler what these turns are too short to bring back. What each costs and saves: docs/performance.md.
  var options = ['--semi-space-growth-factor=1', '--heap-growing-percent=10', '--no-opt']
  options.forEach(function (option) {
    require('v8').setFlagsFromString(option)
  })
  keepCompiled()
  import(require('url').pathToFileURL(main).href).catch(function (error) {
    process.stderr.write(String((error && error.stack) || error) + '\n')
    process.exit(1)
  })
} else {
  runUnderOwnNode()
}

// Two megabytes of JavaScript are compiled once a build, and not at each start: what V8 made of them is kept in a home that is
// there and this user's own. Without it, for whatever reason, a start takes longer: docs/performance.md.
function keepCompiled() {
  try {
    var runtime = runtimeFolders().pop()
    var isOwn = !process.getuid || fs.statSync(path.dirname(runtime)).uid === process.getuid()
    if (process.env.SUDO_USER || !isOwn) return
    var folder = path.join(runtime, 'compiled')
    // What is in a folder elsewhere is not ours to remove.
    if (isLink(runtime) || isLink(folder)) return
    var build = String(fs.statSync(main).mtimeMs)
    var kept = fs.existsSync(folder) ? fs.readdirSync(folder) : []
    kept.forEach(function (name) {
      if (name !== build) fs.rmSync(path.join(folder, name), { recursive: true, force: true })
    })
    require('module').enableCompileCache(path.join(folder, build))
  } catch (_error) {
    // It is compiled anew.
  }
}

function isLink(file) {
  var stats = fs.lstatSync(file, { throwIfNoEntry: false })
  return stats !== undefined && stats.isSymbolicLink()
}

// The arguments of a process can be read by all users of the machine. A title is written over them.
function hideKey() {
  var handedOver = process.env.AI_AGENT_PROXY_ARGUMENTS
  if (handedOver) {
    delete process.env.AI_AGENT_PROXY_ARGUMENTS
    process.argv = process.argv.slice(0, 2).concat(JSON.parse(handedOver))
  }
  var shown = withoutKey(process.argv.slice(2))
  if (shown.join() !== process.argv.slice(2).join()) process.title = ['ai-agent-proxy'].concat(shown).join(' ')
}

function withoutKey(args) {
  return args.map(function (arg, index) {
    if (args[index - 1] === '--api-key') return '(not-shown)'
    return arg.replace(/^(--api-key=).*/, '$1(not-shown)')
  })
}

// Below the home of the service; with sudo, of who called it.
function runtimeFolders() {
  var homes = []
  if (process.env.SUDO_USER) {
    var found = require('child_process').spawnSync('getent', ['passwd', process.env.SUDO_USER], { encoding: 'utf8' })
    var home = String(found.stdout || '').split(':')[5]
    if (home) homes.push(path.join(home, '.ai_agent_proxy'))
  }
  homes.push(process.env.AI_AGENT_PROXY_HOME || path.join(require('os').homedir(), '.ai_agent_proxy'))
  return homes.map(function (folder) {
    return path.join(folder, 'runtime')
  })
}

// A checkout brings its own Node as a development dependency; else one may have been installed for us alone.
function runUnderOwnNode() {
  var folders = [root].concat(runtimeFolders())
  var own = folders
    .map(function (folder) {
      return path.join(folder, 'node_modules', 'node', 'bin', 'node')
    })
    .find(fs.existsSync)
  if (own === undefined) {
    fail(
      'Node ' + wanted.join('.') + ' or newer is needed, this is ' + process.versions.node + '.\n' +
        'Install it, or give ai-agent-proxy one of its own, which changes nothing else:\n' +
        '  npm install --prefix ' + runtimeFolders()[0] + ' node@24'
    )
    return
  }
  var args = process.argv.slice(2)
  var shown = withoutKey(args)
  // The environment can be read by this user only.
  if (shown.join() !== args.join()) process.env.AI_AGENT_PROXY_ARGUMENTS = JSON.stringify(args)
  var stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  var child = require('child_process').spawn(own, [__filename].concat(shown), { stdio: stdio })
  // A terminal sends Ctrl-C to both processes: who tells signals apart from those that we pass on is told of these in words.
  var isTold = false
  child.on('message', function (message) {
    if (message === 'tell signals') isTold = true
  })
  var signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  signals.forEach(function (signal) {
    process.on(signal, function () {
      if (isTold && child.connected) child.send({ signal: signal })
      else child.kill(signal)
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
