"""A pair's figures of the day, as the ticker channel and the ticker endpoint print them."""

from __future__ import annotations

from arb.sim.market import SimBook, text


def ticker(book: SimBook) -> dict[str, str]:
    """Fields of `spot.tickers`, in the venue's order."""
    prices, amounts = book.listing.price_decimals, book.listing.qty_decimals
    quote, decimals = book.last * book.day_lots, prices + amounts
    while decimals and (quote >= 10**15 or decimals > 12):
        quote, decimals = quote // 10, decimals - 1
    return {
        "currency_pair": f"{book.listing.base}_{book.listing.quote}",
        "last": text(book.last, prices),
        "lowest_ask": text(book.best_ask, prices) if book.asks else "",
        "highest_bid": text(book.best_bid, prices) if book.bids else "",
        "change_percentage": f"{(book.last - book.day_open) / book.day_open * 100:.4f}",
        "base_volume": text(book.day_lots, amounts),
        "quote_volume": text(quote, decimals),
        "high_24h": text(book.day_high, prices),
        "low_24h": text(book.day_low, prices),
    }
