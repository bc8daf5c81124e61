"""The configuration that `arb init` writes: every key, commented. `configs/live.example.toml` is the same text."""

TEMPLATE = """\
# arb: which exchanges are watched, what counts as an opportunity, and how large it may be.
# Every key but [exchanges] may be left out; the values here are the defaults. An unknown key is an error.
# ARB__SECTION__KEY in the environment overrides a key (ARB__SCAN__MIN_EDGE_BPS=5), and the command line overrides that.
# `arb config check` tells whether this file is right, `arb config show --resolved` what it comes to.
#
# Keys never stand here. Where a venue needs them (reading MEXC's transfer networks does; scanning does not), set
# ARB_MEXC_KEY and ARB_MEXC_SECRET (for some venues also ARB_<VENUE>_PASSPHRASE) in the environment.

[exchanges]             # one line each; `arb exchanges` lists what can be named
mexc = {}               # {}: the native fast path where there is one, else ccxt
gateio = {}
# kucoin = { fastpath = false }     # through ccxt
# bitget = "ccxt"                   # the same, shorter

# What a venue's table may hold:
# [exchanges.kucoin]
# fastpath = true                   # insist on the native path; an error where there is none
# rest_url = "https://127.0.0.1:8443"   # a proxy or a test host instead of the venue's own
# ws_url = "wss://127.0.0.1:8443/ws"
# feed = ""                         # a feed by name, instead of the one that scan.depth asks for
# taker_fee = "0.001"               # your own rates, as fractions: 0.001 is 0.1 %, 10 bps
# maker_fee = "0.001"
# buy_fee_coin = "quote"            # the coin the fee of a buy is taken in: "base" or "quote"
# sell_fee_coin = "quote"
# options = {}                      # for ccxt, as they are

[scan]
symbols = ["*/USDT"]    # BASE/QUOTE, * for any
min_edge_bps = "0"      # report no less than this, net of both fees
min_update_bps = "0.5"  # tell an open opportunity again when its net edge has moved so far
depth = "20"            # levels per side: top, 5, 20 or full
max_age_ms = 3000       # a book that has been silent for longer cannot be used
max_skew_ms = 3000      # nor can two whose last changes lie further apart
min_trust = "polled"    # polled, unchecked, whole, chained: what must stand behind a book
max_price_ratio = 1.5   # prices further apart are two coins of one name, or an error: the pair is put away ...
quarantine_s = 60.0     # ... for so long
audit_s = 30.0          # how often each book is held against the venue's REST book; 0: never

[size]                  # the most that is spent on a buy, its fee included, by quote coin
USDT = "500"            # --size sets this one
# BTC = "0.01"          # pairs in a coin without a line are refused with NO_SIZE

[policy]                # what nobody could tell and an opportunity may still be shown as UNKNOWN
may_be_unknown = ["identity", "transfer"]

[identity]              # your word on coins of one name: "ABC" on all venues, "ABC@mexc,gateio" on these
same = []
different = []

[cache]                 # markets, fees and networks; nothing else is ever kept
dir = ""                # "": arb/ in the XDG cache folder
ttl_h = 24.0

[log]
level = "INFO"          # TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR, CRITICAL; on stderr
"""
