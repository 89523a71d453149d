/** What the gateway answers to a request with the token. */
export async function knockAt(gateway: string, token: string | undefined) {
  const response = await fetch(gateway, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
  });
  const text = await response.text();
  const problem = response.ok ? undefined : (JSON.parse(text) as Record<string, unknown>);
  return {
    text,
    status: response.status,
    code: problem?.code,
    detail: problem?.detail,
    challenge: response.headers.get("www-authenticate"),
    retryAfter: response.headers.get("retry-after"),
  };
}
