-- What wrk sends: bodies, one a line, in turn; or, where the file's name ends in `.tags`, addresses with the tag of the
-- answer that the client has, a tab between them, of which every answer must be 304. CONTEST_BODIES names the file,
-- CONTEST_HEADERS that of the headers. Answers with a body are told by their status alone: to look into large ones took
-- wrk more than it takes the server to send them.

local threads = {}
local is_tagged = os.getenv("CONTEST_BODIES"):find("%.tags$") ~= nil

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  failures = 0
  number = 0
  prepared = {}
  for line in io.lines(os.getenv("CONTEST_HEADERS")) do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
  for line in io.lines(os.getenv("CONTEST_BODIES")) do
    if is_tagged then
      local path, tag = line:match("^(.-)\t(.*)$")
      wrk.headers["If-None-Match"] = tag
      prepared[#prepared + 1] = wrk.format("GET", path, nil, nil)
    else
      prepared[#prepared + 1] = wrk.format("POST", nil, nil, line)
    end
  end
end

function request()
  number = number % #prepared + 1
  return prepared[number]
end

if is_tagged then
  function response(status, headers, body)
    if status ~= 304 then
      failures = failures + 1
    end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures")
  end
  io.write(string.format(
    "RESULT %d %d %d %d %d %d\n",
    summary.requests, summary.duration, summary.bytes, failed, latency:percentile(50), latency:percentile(99)
  ))
end
