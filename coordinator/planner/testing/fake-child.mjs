// Stands in for the planner's process: does what the SQL says, so that crashes and hangs come at a named point.
process.on('message', (request) => {
  if (request.sql === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (request.sql === 'exit') process.exit(3);
  if (request.sql === 'hang') return;
  process.send({
    id: request.id,
    kind: 'error',
    poisoned: request.sql === 'poison',
    error: { code: 'sql-binding', title: String(process.pid), detail: `${request.create.length}` },
  });
});
process.on('disconnect', () => process.exit(0));
process.send({ kind: 'ready' });
