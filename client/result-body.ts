/** A body that breaks off says why: the coordinator sends rows while the job still runs, and the job may fail then. */

/**
 * The same response, but reading its body fails with what `explain` makes of the cause. Nothing is read ahead.
 */
export function explained(response: Response, explain: (cause: unknown) => Promise<unknown>): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (cause) {
          controller.error(await explain(cause));
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
