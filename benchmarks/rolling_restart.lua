-- Sends reads and writes by turns at a rate that RATE and CONNECTIONS say, for wrk; prints what failed.
local number = os.time() % 100000 * 100000
local read = '{"query": "{ posts(first: 3) { nodes { title author { name } } } }"}'
local write = '{"query": "mutation { createTag(input: {name: \\"Tag %d\\", slug: \\"tag-%d\\"}) { __typename } }"}'
local pause = 1000 * tonumber(os.getenv("CONNECTIONS")) / tonumber(os.getenv("RATE"))
local count = 0

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = os.getenv("KEY")

function delay()
  return pause
end

function request()
  count = count + 1
  if count % 2 == 0 then
    return wrk.format(nil, "/graphql", nil, read)
  end
  return wrk.format(nil, "/graphql", nil, write:format(number + count, number + count))
end

function response(status, headers, body)
  if status ~= 200 or not (body:find("CreateTagPayload") or body:find('"nodes"')) then
    print("WRONG " .. status .. " " .. body:sub(1, 200))
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("RESULT %d %.1f %d %.1f %.1f %.1f", summary.requests, summary.duration / 1e6, lost,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
