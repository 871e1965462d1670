"""What a reader of boards in any language and of any program can rely on: whole posts, by whom, when, and no more."""

from __future__ import annotations

import pytest

from factory.seeds.html import explain, extract

SAID = [
    "Which of the two sails is the better one in a calm, and which of them in a gale?",
    "Thank you!",
    "A large one of light cloth in the calm, and a small one of heavy cloth in the gale.",
]
PEOPLE = ["ann", "bob", "Čapek"]


def board(post: str, head: str = "", foot: str = "") -> str:
    """A page with three posts; `post` holds {n}, {who} and {said}."""
    posts = (
        post.format(n=11 + n, who=who, said=said)
        for n, (who, said) in enumerate(zip(PEOPLE, SAID, strict=True))
    )
    return f'<body class="forum">{head}<div id="all">{"".join(posts)}</div>{foot}</body>'


def told(html: str) -> list[tuple[str, str, str]]:
    """Author, day and words of each post of a page."""
    return [(post.author, post.date, post.text) for post in extract(html).posts]


WANTED = [(who, f"2019-03-{11 + n}", said) for n, (who, said) in enumerate(zip(PEOPLE, SAID, strict=True))]


@pytest.mark.parametrize(
    "note",
    [
        "Zuletzt geändert von ann am 24.10.2019 10:10, insgesamt 1-mal geändert.",
        "Message édité par ann le 24-10-2019 à 12:09:00",
        "Última edición por ann el Jue Oct 24, 2019 10:10 am",
        "Ostatnio zmieniony 24 paź 2019, 10:10 przez ann",
        "Последний раз редактировалось ann 24 окт 2019, 10:10",
        "本帖最后由 ann 于 2019-10-24 15:30 编辑",
        "آخرین ویرایش توسط ann 24-10-2019",
    ],
)
def test_that_a_post_was_changed_is_no_part_of_it_in_any_language(note: str) -> None:
    post = """<div class="post" id="p{n}"><a class="username" href="/member.php?u={n}">{who}</a>
        <time>2019-03-{n}</time><div class="content">{said}</div><div class="notice">"""
    assert told(board(f"{post}{note}</div></div>")) == WANTED


def test_a_short_post_is_told_from_the_longer_panel_note_and_signature_beside_it() -> None:
    post = """<div class="post" id="p{n}"><dl class="profile"><dt><a class="username" href="/u/{n}">{who}</a></dt>
        <dd>An old hand of this board</dd><dd>Joined: 2001-02-03</dd></dl><div class="postbody"><p class="author">
        <time>2019-03-{n}</time></p><div class="content">{said}</div><div>__________________<br>Fair winds, and a
        following sea to all of you.</div></div></div>"""
    assert told(board(post)) == WANTED


def test_boards_that_are_tables_without_a_word_about_authors_are_read() -> None:
    post = """<table class="messagetable"><tr class="message"><td><a name="t{n}"></a><div><b class="s2">{who}</b></div>
        </td><td><div>Posté le {n}-03-2019 à 11:24:58 <a href="/profil-{n}.htm"><img alt="profil"></a></div>
        <div id="para{n}"><p>{said}</p></div></td></tr></table>"""
    found = told(board(post))
    assert [(who, said) for who, _, said in found] == list(zip(PEOPLE, SAID, strict=True))


def test_days_of_numbers_are_read_as_one_post_of_the_page_tells() -> None:
    post = """<div class="post" id="p{n}"><a class="username" href="/u/{n}">{who}</a>
        <span class="date">{n}/03/2019 10:11</span><div class="content">{said}</div></div>"""
    page = board(post).replace("13/03", "10/03")
    assert [day for _, day, _ in told(page)] == ["", "", ""]
    assert [day for _, day, _ in told(page.replace("10/03", "30/03"))] == [
        "2019-03-11",
        "2019-03-12",
        "2019-03-30",
    ]


def test_what_a_post_quotes_is_a_quote_and_what_it_says_is_none() -> None:
    post = """<li class="message" id="post-{n}" data-author="{who}"><time>2019-03-{n}</time>
        <blockquote class="messageText"><div class="quote">Said before: all is well here.</div>{said}</blockquote>
        </li>"""
    for who, day, text in told(board(post)):
        assert text == f"> Said before: all is well here.\n\n{SAID[PEOPLE.index(who)]}"
        assert day.startswith("2019-03-1")


def test_the_post_above_its_answers_is_one_of_them_in_scripts_without_spaces() -> None:
    said = "昨天我把旧电脑的硬盘换成了固态硬盘，开机只要十几秒，感觉像换了一台新机器。"
    first = f"""<div class="topic-detail"><a class="username" href="/u/1">山那边</a><time>2019-03-10</time>
        <div class="ui-content">{said}</div></div>"""
    post = """<div class="reply-item"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <span class="content">{said}</span></div>"""
    assert told(board(post, head=first)) == [("山那边", "2019-03-10", said), *WANTED]


def test_remarks_are_posts_below_a_text_that_is_signed_as_they_are_and_none_below_an_article() -> None:
    text = "<p>The tide that comes into a narrow bay is higher than the one outside of it, as it narrows.</p>"
    post = """<div class="comment" id="c{n}"><a class="member" href="/user/{who}">{who}</a><time>2019-03-{n}</time>
        <p>{said}</p></div>"""
    remarks = "".join(post.format(n=11 + n, who=PEOPLE[n], said=SAID[n]) for n in range(3))
    signed = '<div class="entry"><a class="member" href="/user/dan">dan</a><time>2019-03-01</time>'
    article = '<div class="entry"><span class="byline">By Dan</span><time>2019-03-01</time>'
    assert len(told(f"{signed}{text}</div><div>{remarks}</div>")) == 4
    assert told(f"{article}{text}</div><div>{remarks}</div>") == []


def test_posts_that_are_laid_out_in_two_rows_each_are_one_post_each() -> None:
    rows = "".join(
        f"""<tr><td class="bold"><a name="{n}"></a>Re: Sails by <a class="user" href="/u{n}">{who}</a>
        <b>9:05am On Mar {11 + n}, 2019</b></td></tr><tr><td class="l"><div class="narrow">{said}</div></td></tr>"""
        for n, (who, said) in enumerate(zip(PEOPLE, SAID, strict=True))
    )
    assert told(f'<body><h2>Sails</h2><table summary="posts"><tbody>{rows}</tbody></table></body>') == WANTED


def test_why_a_part_of_a_thread_was_left_out_is_told() -> None:
    post = """<div class="post" id="p{n}"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">{said}<div class="signature">Fair winds to all of you</div></div></div>"""
    page = board(post, foot='<div class="online">Guests here: 3</div>')
    left = {decision.text: decision.why for decision in explain(page) if not decision.kept}
    assert "signature" in left["Fair winds to all of you"]
    assert left["Guests here: 3"] == "no part of a post of the thread"


def test_a_page_that_calls_itself_an_article_is_no_thread_unless_it_calls_itself_a_forum_too() -> None:
    post = """<div class="post" id="p{n}"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">{said}</div></div>"""
    page = board(post)
    article = '<head><meta property="og:type" content="article"></head>'
    assert told(page.replace(' class="forum"', "")) == WANTED
    assert told(article + page) == WANTED
    assert told(article + page.replace(' class="forum"', "")) == []


def test_a_long_quote_of_a_post_that_stands_above_is_not_said_again_but_who_is_quoted_is() -> None:
    said = f"{SAID[0]} {SAID[2]}"
    html = f"""<body class="forum"><div class="post"><a class="username" href="/u/1">ann</a><time>2019-03-11</time>
        <div class="content">{said}</div></div><div class="post"><a class="username" href="/u/2">bob</a>
        <time>2019-03-12</time><div class="content"><blockquote><p>ann said:</p><p>{said}</p></blockquote>The small one
        tore in the last gale.</div></div><div class="post"><a class="username" href="/u/3">Čapek</a><time>2019-03-13
        </time><div class="content"><blockquote><p>The small one tore</p></blockquote>When was that?</div></div>"""
    texts = [post.text for post in extract(html).posts]
    assert texts[1] == "> ann said:\n\nThe small one tore in the last gale."
    assert texts[2] == "> The small one tore\n\nWhen was that?"  # a hint at what is answered stays


def test_the_question_above_its_answers_is_read_where_nobody_signed_it() -> None:
    post = """<div class="answer" id="a{n}"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">{said}</div></div>"""
    question = """<div class="ask"><h1>Sails</h1><p>My boat is small, and the sea here is seldom calm for long, so
        what would you buy?</p></div>"""
    texts = [text for *_, text in told(board(post, head=question))]
    assert len(texts) == 4 and texts[0].endswith("so what would you buy?")


def test_posts_that_are_set_as_they_were_typed_have_their_authors() -> None:
    post = """<div class="comment" id="c{n}"><span class="user">{who}</span> <span class="time">2019-03-{n}</span>
        <pre class="comment_text">{said}</pre></div>"""
    assert [(who, day) for who, day, _ in told(board(post))] == [(who, day) for who, day, _ in WANTED]


@pytest.mark.parametrize("name", ["Sails - The Harbour Forum", "帆 - 港口论坛", "Паруса | Форум моряков"])
def test_a_page_that_is_named_after_a_forum_is_a_thread(name: str) -> None:
    post = """<div class="entry{n}"><a href="/u/{n}">{who}</a><time>2019-03-{n}</time><p>{said}</p></div>"""
    html = board(f'<div class="piece">{post}</div>', foot=f"<p>{SAID[0]}</p>").replace(' class="forum"', "")
    assert told(html) == []
    assert told(f"<head><title>{name}</title></head>{html}") == WANTED


def test_a_list_of_posts_is_no_list_of_words() -> None:
    post = """<li><div class="comment" id="c{n}"><a class="user" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">{said}</div></div></li>"""
    assert "1." not in extract(board(f"<ol>{post}</ol>")).markdown


def test_what_most_posts_say_alike_is_said_by_none_of_them() -> None:
    post = """<div class="post" id="p{n}"><a href="/u/{n}" class="username">{who}</a><time>2019-03-{n}</time>
        <div class="row"><p>Old hand of {n} posts</p><p>{said}</p><p>Log in or sign up to take part in this
        conversation.</p></div></div>"""
    html = board(post, foot=post.format(n=14, who="dora", said="And what would you carry in a fog?"))
    assert told(html)[:3] == WANTED


def test_posts_that_count_up_are_a_thread_by_whatever_names() -> None:
    post = """<div class="x{n}"><div class="q9"><a href="/u/{n}">{who}</a> <i>{floor}</i> <time>2019-03-{n}</time></div>
        <p>{said}</p></div>"""
    lines = zip("123", (11, 12, 13), PEOPLE, SAID, strict=True)
    pages = [
        "".join(
            post.format(n=n, who=who, said=said, floor=mark.format(floor)) for floor, n, who, said in lines
        )
        for mark in ("#{}",)
    ]
    beside = f"<p>{SAID[0]}</p>"
    assert told(f"<body>{pages[0]}{beside}</body>") == WANTED
    assert told(f"<body>{pages[0].replace('#', '')}{beside}</body>") == []


@pytest.mark.parametrize(
    "post",
    [
        "<dt>{n} : <b>{who}</b> : 2019/03/{n} 09:05</dt><dd>{said}</dd>",
        "<p><strong>{who}</strong> 2019-03-{n} 09:05</p><h3></h3>{said}<br>",
    ],
)
def test_a_board_that_no_markup_tells_the_authors_of_is_read_by_its_days(post: str) -> None:
    html = board(post).replace("<div", "<dl").replace("</div", "</dl") if "<dt>" in post else board(post)
    assert told(html) == WANTED


def test_the_author_of_a_question_may_stand_above_it() -> None:
    post = """<li class="comment" id="c{n}"><a class="nick" href="/u/{n}">{who}</a><p>{said}</p>
        <span class="date">2019-03-{n}</span></li>"""
    asked = "My boat is small, and the sea here is seldom calm for long, so what would you buy?"
    question = f"""<div class="top"><b>Sails</b><a class="nick" href="/u/7">Zoë</a> <span class="date">2019-03-10
        </span></div><div class="txt"><p>{asked}</p></div>"""
    assert told(board(post, head=question))[0] == ("Zoë", "2019-03-10", asked)


def test_a_box_that_names_the_author_and_holds_the_post_is_not_left_out() -> None:
    post = """<div class="comment" id="c{n}"><a class="user" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="text">{said}</div></div>"""
    first = """<div class="table"><div class="thing" data-author="Zoë"><time>2019-03-10</time><form class="text">
        <div class="text">My boat is small, and the sea here is seldom calm, so what would you buy?</div></form>
        </div></div>"""
    assert told(board(post, head=first))[0][2].startswith("My boat is small")


def test_a_page_that_a_script_puts_together_says_how_its_thread_begins() -> None:
    begins = "Which of the two sails is the better one in a calm, and which of them in a gale? My boat is small, and…"
    head = f'<head><title>Sails - Harbour Forum</title><meta name="description" content="{begins}"></head>'
    assert extract(f"{head}<body><div id=app></div><script>go()</script></body>").markdown == begins
    assert extract(f"{head.replace(' Forum', '')}<body><div id=app></div></body>").markdown == ""


def test_a_post_that_only_says_what_was_said_is_still_a_post() -> None:
    said = f"{SAID[0]} {SAID[2]}"
    post = """<div class="post" id="p{n}"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">{said}</div></div>"""
    posts = "".join(post.format(n=11 + n, who=who, said=said) for n, who in enumerate(PEOPLE))
    assert [text for *_, text in told(f'<body class="forum">{posts}</body>')] == [said] * 3


def test_days_in_words_tell_posts_where_markup_tells_only_that_of_the_page() -> None:
    post = """<table class="tablebg"><tr class="row1"><td><b class="postauthor">{who}</b></td><td><div><b>Posted:</b>
        Wed Mar {n}, 2019 11:28 am</div></td></tr><tr class="row1"><td class="profile"><span>Joined: Fri Aug 03, 2012
        8:24 am</span></td><td><div class="postbody">{said}</div></td></tr></table>"""
    page = '<p class="datetime">All times are UTC</p><p class="date">It is 3 May 2021</p>'
    assert told(board(post, page)) == WANTED


def test_posts_without_a_name_are_told_by_what_they_stand_in() -> None:
    post = """<li><div>I must say: {said}</div><footer><a class="entry-author" href="/by/{who}">{who}</a>
        <a class="entry-date" href="/entry/{n}">{n}.03.2019 21:47</a></footer></li>"""
    assert told(board(post)) == [(who, day, f"I must say: {said}") for who, day, said in WANTED]


@pytest.mark.parametrize(
    "day",
    [
        "03/{n}/19(%s)21:47:00",
        "19/03/{n}(%s)21:47:00.12",
        "%s Mar {n} 21:47:00 CET 2019",
        "%s {n} мар 19, 9:05",
    ],
)
def test_days_are_read_by_the_day_of_the_week_and_around_the_hour(day: str) -> None:
    post = '<div class="post"><b class="author">{who}</b> <span class="date">%s</span><p class="text">{said}</p></div>'
    weekdays = iter(["月", "火", "水"] if "(" in day else ["Mon", "Tue", "Wed"])
    page = board(post % day.replace("%s", "*"))
    while "*" in page:
        page = page.replace("*", next(weekdays), 1)
    assert told(page) == WANTED


def test_the_title_beside_the_words_of_the_first_post_is_kept() -> None:
    first = """<div class="topic"><h1>Sails for calms and gales</h1><a class="user-name" href="/u/1">eve</a>
        <time>2019-03-10</time><div class="body">Some of my
        sails tear in every gale, and then I have to buy new ones, which is dear.</div></div>"""
    post = """<div class="reply" id="reply-{n}"><a class="user-name" href="/u/{n}">{who}</a> <time>2019-03-{n}</time>
        <div class="markdown">{said}</div></div>"""
    page = extract("<title>Sails for calms and gales</title>" + board(post, first))
    assert page.markdown.startswith("# Sails for calms and gales\n\n**eve**")
    assert len(page.posts) == 4


def test_posts_side_by_side_that_are_all_a_page_says_are_a_thread_by_whatever_names() -> None:
    post = """<li><div>I must say: {said}</div><footer><a class="entry-author" href="/by/{who}">{who}</a>
        <a class="entry-date" href="/entry/{n}">2019-03-{n}</a>%s</footer></li>"""
    said = [(who, day, f"I must say: {said}") for who, day, said in WANTED]
    page = board(post % "").replace(' class="forum"', "")
    assert told(page) == said
    assert told(f"{page}<p>{'There is much more to be read here, of other things. ' * 9}</p>") == []
    assert told(board(post % '<a href="/topic/{n}-sails">all</a>').replace(' class="forum"', "")) == []


def test_remarks_below_what_is_named_a_topic_are_posts() -> None:
    topic = """<div class="topic"><h1>Sails</h1><p class="topic__author">eve</p><time>2019-03-10</time><div>Some of my
        sails tear in every gale, and then I have to buy new ones, which is dear.</div></div>"""
    remark = """<li class="comment" id="comment-{n}"><p class="comment__username">{who}</p><time>2019-03-{n}</time>
        <div class="comment__body"><p>{said}</p></div></li>"""
    page = board(remark, topic).replace(' class="forum"', "")
    assert [who for who, _, _ in told(page)] == ["eve", *PEOPLE]
    assert told(page.replace("topic", "story")) == []


def test_posts_that_are_set_as_letters_are_read_without_their_heads_and_signatures() -> None:
    post = """<div class="wrap"><table class="article"><tr><td class="left"><a href="/user/query/{n}">{who}</a></td>
        <td>{n}楼</td><td><a href="/re/{n}">回复</a></td></tr><tr><td></td><td colspan="2">
        <p>发信人: u{n} ({who}), 信区: Sails<br>标&nbsp; 题: Re: Sails<br>发信站: 港口 (Mon Mar {n} 21:47:00 2019), 站内
        <br>&nbsp;<br>{said}<br>--<br>Fair winds to all of you.<br><font>※ 来源:·港口·[FROM: 58.30.*]</font></p></td>
        </tr><tr><td></td><td colspan="2"></td></tr></table></div>"""
    assert told(board(post)) == WANTED
    assert str(extract(board(post)).blocks[0].post).endswith("· Mon Mar 11 21:47:00 2019")


def test_a_line_of_two_dashes_with_much_below_it_parts_a_post() -> None:
    post = """<div class="post" id="p{n}"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">Two tales.<br>--<br>{said}</div></div>"""
    assert [text for _, _, text in told(board(post))] == ["Two tales."] * 3
    long = post.replace("{said}", "{said} " + "A gale is no calm. " * 30)
    assert all("gale" in text for _, _, text in told(board(long)))


def test_marks_that_a_board_shows_as_they_were_typed_are_not_said() -> None:
    post = """<div class="post" id="p{n}"><a class="username" href="/u/{n}">{who}</a><time>2019-03-{n}</time>
        <div class="content">[quote=eve][pid=7]Reply[/pid] [b]eve:[/b] Sails [i]tear[/i].[/quote] a[i] = 2 {said}"""
    wanted = [f"Reply eve: Sails tear. a[i] = 2 {said}" for said in SAID]
    assert [text.replace("\\", "") for _, _, text in told(board(f"{post}</div></div>"))] == wanted


def test_a_line_above_a_post_that_names_its_author_again_is_no_part_of_it() -> None:
    post = """<div class="row message"><ul class="profilebox"><li><a href="/profil/{n}-x" class="kwho-user">{who}</a>
        </li></ul><div class="message-{n}"><small class="text-muted">{n} mars 2019 09:05</small><div
        class="badger message-published"><div class="mykmsg-header">Réponse de <span class="x">{who}</span> sur le sujet
        Voiles</div><div class="kmsg">{said}</div></div></div></div>"""
    assert told(board(post)) == WANTED


def test_a_day_that_shows_when_a_mouse_rests_on_it_is_that_of_the_post() -> None:
    post = """<div id="change-{n}" class="journal has-notes"><h4>Von <a class="user active" href="/users/{n}">{who}</a>
        vor <a title="{n}.03.2019 21:47" href="/activity">mehr als 4 Jahren</a> aktualisiert</h4>
        <div id="journal-{n}-notes" class="wiki"><p>{said}</p></div></div>"""
    assert told(board(post)) == WANTED


def test_a_board_whose_program_signs_the_page_is_read_though_nothing_tells_the_authors() -> None:
    post = """<table class="tableinborder"><tr><td class="tableb"><span class="normalfont"><b>{who}</b></span><br>
        <span class="smallfont">Herkunft: Kassel</span></td><td class="tableb"><table><tr><td><a href="/a">Profil</a>
        </td></tr></table><span class="normalfont">I must say: {said}</span></td></tr><tr><td class="tableb"><span
        class="smallfont">{n}.03.2019 21:47</span></td><td class="tableb"><span class="smallfont"><a
        href="/find">Beiträge suchen</a></span></td></tr></table>"""
    beside = f"<p>{SAID[2]}</p>"
    page = board(post, foot=beside).replace(' class="forum"', "")
    signed = page.replace("</body>", "<p>Powered by <b>Burning Board 2.3.6</b></p></body>")
    assert told(page) == []
    assert [(who, day) for who, day, _ in told(signed)] == [(who, day) for who, day, _ in WANTED]


def test_what_is_told_of_an_author_is_no_name() -> None:
    post = """<div class="post-box" id="p{n}"><span class="post-date">{n} Mar 2019</span><div class="author-name"><a
        href="/p{n}.html">{who}</a></div><div class="author-rank">Level 12</div><div class="post-text">{said}</div>
        </div>"""
    assert told(board(post)) == WANTED


def test_remarks_that_differ_in_their_scores_alone_are_no_teasers() -> None:
    post = """<li id="tree_{n}" class="comment"><h4><a href="/c?cid={n}">Re: Sails</a> (Score:{n})</h4><div>by
        <a href="/~{who}">{who}</a> <span class="date">2019-03-{n}</span></div><div class="commentbody">{said}</div>
        </li>"""
    assert [who for who, _, _ in told(board(post))] == PEOPLE


@pytest.mark.parametrize(
    "click", ["Reply", "Ответить", "引用", "Zitieren (0)", "답글", "Trả lời", "رد", "ตอบกลับ"]
)
def test_posts_that_a_click_answers_are_a_thread_though_nothing_else_says_so(click: str) -> None:
    post = """<div class="row"><p><span class="k">{who}</span> <span class="d">2019-03-{n}</span></p><div>{said}</div>
        <p><a href="#{n}">CLICK</a></p></div>"""
    page = board(post, foot=f"<p>{SAID[2]}</p>").replace(' class="forum"', "")
    assert told(page.replace("CLICK", click)) == WANTED
    assert told(page.replace("CLICK", "Buy")) == []


def test_a_board_of_pictures_is_read_by_the_numbers_of_its_posts() -> None:
    def post(number: int, who: str, day: str, said: str) -> str:
        return f"""<span class="rsc">{number}</span><span class="csb">untitled</span>Name<span class="cnm">{who}</span>
            <span class="cnw">{day}21:47:00</span><span class="cno">No.{4000 + 13 * number}</span><a href="#">+</a>
            <blockquote>{said}</blockquote>"""

    days = ["19/03/11(Mon)", "19/03/12(Tue)", "19/03/13(Wed)", "19/03/14(Thu)"]
    said = [*SAID, "> A large one of light cloth<br>That is what I use as well."]
    posts = [post(n, who, days[n], said[n]) for n, who in enumerate([*PEOPLE, "Dora"])]
    rows = "".join(f"<table><tr><td>…</td><td class=rtd>{each}</td></tr></table>" for each in posts[1:])
    page = f"<body><form>Name <input></form><div class=thre>File: <a href=1.jpg>1.jpg</a><br>{posts[0]}{rows}</div>"
    found = told(page)
    assert [(who, day) for who, day, _ in found] == [
        *((who, day) for who, day, _ in WANTED),
        ("Dora", "2019-03-14"),
    ]
    assert [text for _, _, text in found][:3] == SAID


def test_remarks_below_a_short_note_are_posts_where_years_have_two_digits() -> None:
    remark = """<div class="list-item"><a href="/u/{n}"><img></a><div><div class="text"><a href="/u/{n}">{who}</a>:
        <span>{said}</span></div><div class="info"><div>19-3-{n} 01:41 from Kassel</div><div><span>Reply</span></div>
        </div></div></div>"""
    note = """<article><header><a class="head_name" href="/u/9">Dora</a> <a class="info_time" href="/9/1">19-3-10
        21:47</a></header><div class="wbtext">My boat lies still in the harbour, and the wind comes
        up in an hour or so.</div></article>"""
    found = told(board(remark, head=note).replace(' class="forum"', ""))
    assert [(who, text) for who, _, text in found[1:]] == list(zip(PEOPLE, SAID, strict=True))
    assert found[0][0] == "Dora"


def test_the_number_of_a_bug_says_that_what_is_remarked_on_it_are_posts() -> None:
    remark = """<div class="boardComment"><div><a href="/~u{n}" class="person">{who}</a> wrote <time
        datetime="2019-03-{n}">on 2019-03-{n}</time>:</div><div class="comment-text"><p>{said}</p></div></div>"""
    report = f"""<h1>The sail tears</h1><div>Reported by <a href="/~u9" class="person">Dora</a> <time
        datetime="2019-03-10">on 2019-03-10</time></div><div><h3 class="description">Description</h3><p>{SAID[2]} But
        mine tears at every seam as soon as it blows, and I do not know why.</p></div>"""
    page = board(remark, head=report).replace(' class="forum"', "")
    assert [who for who, _, _ in told(f"<title>Bug #4711: The sail tears</title>{page}")] == ["Dora", *PEOPLE]


def test_a_post_that_nobody_voted_for_does_not_say_so() -> None:
    post = """<div class="post" id="p{n}"><span class="votes">0</span><a class="username" href="/u/{n}">{who}</a>
        <time>2019-03-{n}</time><div class="content">{said}</div></div>"""
    page = extract(board(post))
    assert "vote" not in page.markdown and {post.score for post in page.posts} == {0}


def test_answers_in_one_line_of_small_print_are_signed_as_the_question_is() -> None:
    signed = """<br><br><span class="small">posted by <a href="/user/{n}">{who}</a> at <a href="/4#{n}">9:05 AM</a> on
        March {n}, 2019</span></div>"""
    asked = f"""<h1>Sails <span>March 10, 2019</span></h1><div class="copy">{SAID[2]} Is that so, and have you tried it?
        <br><span class="small">posted by <a href="/user/9">Dora</a> to boats (3 answers total)</span></div>"""
    page = board(f'<div class="comments">{{said}}{signed}', head=asked, foot="<p>This is closed.</p>")
    found = told(page.replace(' class="forum"', ""))
    assert found[0][0] == "Dora" and "total" not in found[0][2]
    assert found[1:] == WANTED


def test_the_title_of_a_thread_may_stand_in_a_line_behind_its_label() -> None:
    head = """<div><span>作者</span><span class="v">Dora</span></div><div><span>標題</span><span
        class="v">[問題] 帆船</span></div><div><span>時間</span><span class="v">Sun Mar 10 21:47:00 2019</span></div>
        風很大的時候，應該用哪一種帆才不會翻船？請大家告訴我你們的經驗，謝謝各位。"""
    push = """<div class="push"><span class="userid">{who}</span><span>: {said}</span><span class="time">03/{n}
        21:47</span></div>"""
    pushes = "".join(
        push.format(n=11 + n, who=who, said=said)
        for n, (who, said) in enumerate(zip(PEOPLE, SAID, strict=True))
    )
    page = extract(f"<title>[問題] 帆船 - 看板</title><body><div>{head}{pushes}</div>")
    assert [block.text for block in page.blocks if block.kind == "heading"] == ["[問題] 帆船"]
    assert "標題" not in page.text
    assert [(post.author, post.text) for post in page.posts[1:]] == list(zip(PEOPLE, SAID, strict=True))


def test_short_notes_of_many_people_are_posts() -> None:
    post = """<div><div class="status status-public" data-id="{n}"><a href="/@u{n}/4{n}"><time
        datetime="2019-03-{n}">2d</time></a><a href="/@u{n}" class="display-name"><b>{who}</b></a>
        <div class="text"><p>{said}</p></div></div></div>"""
    page = board(post, foot=f"<p>One of the many servers. {SAID[0][:40]}</p>").replace(' class="forum"', "")
    assert told(page) == WANTED


@pytest.mark.parametrize(
    "parts",
    [  # a box named after the program that it was typed in; answers in boxes named so, with a foot that names them too
        (
            '<div class="post"><a class="name" href="/u{n}">{who}</a>',
            '<div class="editor_content">{said}</div></div>',
        ),
        (
            '<div class="q_answeritem"><div class="q_content">{said}</div><div class="answer_author">',
            '<a href="/u/{n}">{who}</a> | 78 beans <span>(third level)</span> | {n} Mar 19, 21:47</div></div>',
        ),
        (
            '<div class="comment"><span class="nickname"><span>Lv{n}</span> <b>{who}</b></span>',
            '<div class="content">{said}</div></div>',
        ),
    ],
)
def test_posts_are_told_from_their_feet_and_names_from_ranks(parts: tuple[str, str]) -> None:
    post = "".join(parts) if "Mar" in parts[1] else f"{parts[0]}<time>2019-03-{{n}}</time>{parts[1]}"
    assert told(board(post)) == WANTED
