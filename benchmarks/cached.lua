-- What wrk sends and looks at: addresses with the tag of the answer that the client has, one a line, in turn; every
-- answer must be 304. CONTEST_BODIES names the file, a tab between address and tag; CONTEST_HEADERS the headers' file.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  failures = 0
  failure = ""
  number = 0
  prepared = {}
  for line in io.lines(os.getenv("CONTEST_HEADERS")) do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
  for line in io.lines(os.getenv("CONTEST_BODIES")) do
    local path, tag = line:match("^(.-)\t(.*)$")
    wrk.headers["If-None-Match"] = tag
    prepared[#prepared + 1] = wrk.format("GET", path, nil, nil)
  end
end

function request()
  number = number % #prepared + 1
  return prepared[number]
end

function response(status, headers, body)
  if status ~= 304 then
    failures = failures + 1
    failure = status .. " " .. body:sub(1, 400)
  end
end

function done(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures") -- wrk itself counts no 304 as an error
    if thread:get("failure") ~= "" then
      io.write("FAILURE " .. thread:get("failure"):gsub("[\r\n]", " ") .. "\n")
    end
  end
  io.write(string.format(
    "RESULT %d %d %d %d %d %d\n",
    summary.requests, summary.duration, summary.bytes, failed, latency:percentile(50), latency:percentile(99)
  ))
end
