from xmpp_cem.kills.run import Figures


def test_a_long_run_tells_how_far_it_is_and_what_was_not_alike():
    figures = Figures(boundaries=40, failures={"before a commit #7": ["late"]})
    assert figures.progress(30, 50.0) == "10 of 40 boundaries, 1 not alike, 150 s left"
    assert figures.progress(40, 1.0) == "0 of 40 boundaries, 1 not alike"
