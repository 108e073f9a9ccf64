from xmpp_cem.wire import namespaces


def test_namespaces_are_distinct_and_ours_carry_their_version():
    names = [v for name, v in vars(namespaces).items() if name.isupper() and isinstance(v, str)]
    assert len(set(names)) == len(names)
    ours = [name for name in names if "iec.ch" not in name]
    assert all(name.startswith("urn:xmpp-cem:") and name.endswith(":1") for name in ours)


def test_older_editions_are_others():
    assert namespaces.MESSAGE not in namespaces.OLDER_MESSAGES
