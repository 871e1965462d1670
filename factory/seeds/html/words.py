"""The words in class names, ids and headings by which authors of pages tell content from decoration.

They are words of the trade, used by every content system; none names a site.
"""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """The words of a text as a set: a list of names that reads as one."""
    return frozenset(text.split())


BOILERPLATE = names(
    """
    navheader navfooter docnav navmenu subnav topnav breadcrumb breadcrumbs crumbs pagination pager footer foot
    colophon sidebar rail cookie cookies consent gdpr modal popup lightbox share sharing social socials
    newsletter subscribe subscription signup optin login signin register advert advertisement advertising
    sponsor sponsored related recommended recommendations recirc skiplink offcanvas megamenu searchform
    searchbox masthead noprint printonly eqno
    """
)
"""A node so named is dropped, unless it holds much of the page."""

NAVIGATION = names("nav navbar navigation menu submenu menubar toolbar topbar")
"""A node so named is dropped, unless it consists of sentences: tabs and accordions are named so as well."""

BESIDE = names("author authors authorbox bio byline date published timestamp readtime meta")
"""A node so named stands beside an article, and says who wrote it and when. It is dropped where it is small."""

DOUBTFUL = names(
    """
    aside ad ads banner promo promotion promotions widget widgets similar popular trending skip dropdown
    overlay header head top bottom meta info tags tag tagcloud categories category byline author bio
    avatar profile rating ratings button buttons btn cta links link list tools actions action
    controls filter filters sort toc contents index copyright legal disclaimer print caption
    credit carousel slider teaser teasers card cards more next prev previous form search language lang badge
    notice alert message
    """
)
"""A node so named is dropped where it is mostly links, very short, or hardly any prose."""

UNSEEN = names("hidden hide invisible sr-only visually-hidden screen-reader-text d-none is-hidden")
"""A node of such a class is not shown to a reader who sees."""

CONTENT = names(
    """
    article articlebody content contents main maincontent body entry post posts text story blog
    description prose markdown readme documentation document thread topic answer question
    """
)
"""A node so named is a candidate for the main content."""

FORUM = names("forum forums thread topic viewtopic showthread discussion question qa")
"""A page whose body is so named consists of what its readers wrote."""

COMMENTS = names("comment comments commentlist respond discussion replies")
"""A node so named holds what readers wrote below an article."""

REVIEWS = names("review reviews ratings testimonials questions")
"""A node so named holds what buyers wrote below a product."""

ENDINGS = tuple(
    ending.strip()
    for ending in """
    related articles / related posts / related stories / related topics / related content / related
    products / related reading / related links / related news / related / you may also like / you might
    also like / you may also be interested in / recommended for you / recommended / recommended reading
    / more from / more stories / more articles / more news / more posts / latest posts / latest news /
    latest articles / recent posts / recent articles / recent news / recent comments / popular posts /
    most popular / trending / trending now / share this / share this post / share this article / share /
    share on / leave a reply / leave a comment / post a comment / add a comment / comments / read next /
    up next / what to read next / subscribe / newsletter / sign up for our newsletter / follow us /
    about the author / categories / tags / archives / keep reading / customers also bought / customers
    also viewed / recently viewed / similar products / similar threads / explore more / see also our
    """.replace("\n    ", " ").split("/")
)
"""Headings under which a page shows what is not its own content."""

JOINED = tuple(
    words.strip()
    for words in """
    joined / registered / member since / since / founded / join date / last seen / last active / last visit /
    dabei seit / mitglied seit / registriert / beigetreten / inscrit / inscription / registrado / registrato /
    miembro desde / membro desde / ingresso / iscritto / lid sinds / geregistreerd / medlem sedan / registrerad /
    liittynyt / dołączył / rejestracja / registrován / csatlakozott / kayıt / üyelik / bergabung / đăng ký /
    tham gia / регистрац / зарегистр / εγγραφή / 注册 / 註冊 / 加入 / 最后登录 / 最後登錄 / 登録 / 가입
    """.replace("\n    ", " ").split("/")
)
"""The words before the day on which the author of a post became a member, in the languages of many forums."""
