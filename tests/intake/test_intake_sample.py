from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def test_the_export_to_try_is_read_and_shows_rejected_rows(read):
    tickets, rejected, sources = read(SAMPLE / "helpdesk.jsonl", SAMPLE / "tickets.csv")
    assert [source.format for source in sources] == ["jsonl", "csv"]
    assert not any(source.notes for source in sources)
    assert (tickets["ticket_id"].str.startswith("CT-")).sum() == len(tickets) - 20
    kinds = sorted(reason.split(":")[0] for reason in rejected["reason"])
    assert kinds == ["bad created_at", "empty text", "short row"]
    assert tickets["created_at"].between("2026-10-20", "2026-11-21").all()
    assert (tickets.loc[tickets["sku"] == "SKU-0317", "text"].str.contains("swelling")).sum() == 5
    assert (tickets["order_id"].str.len() == 12).all()
    assert tickets.groupby("customer_id").size().max() >= 2
