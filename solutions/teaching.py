"""What a teacher wants beside each solution. A teacher may delete this folder.

minutes    for a learner who has read the notebook and knows Python and PyTorch
mistakes   two usual ones: what the learner wrote, and what to say
question   to the class, about the meaning; the notebook holds the answer
"""

TEACHING = {
    "01.1": {
        "minutes": 10,
        "mistakes": (
            ("a power of 1 / 2.2 everywhere",
             "Send all levels to light with the notebook's curve and back with yours. Where is the way back farthest "
             "off, and what shape has the curve of step 1 there?"),
            ("the power of 1 / 2.4 everywhere, without the straight piece",
             "Give it no light at all. Can the number that comes out stand in a file?"),
        ),
        "question": "Why does a file spend most of its levels on dark tones, and what goes wrong when somebody "
                    "averages the numbers of two pixels as if they were light?",
    },
    "01.2": {
        "minutes": 10,
        "mistakes": (
            ("the mean of the hue numbers themselves",
             "Draw 0.98 and 0.02 on a circle. Which way round did your mean go, and what is it about a number that "
             "does not know that 0 and 1 are the same place?"),
            ("the angle that atan2 gives, turned into turns and left negative",
             "Try 0.7 and 0.9. The direction is right; but which hue between 0 and 1 points the same way?"),
        ),
        "question": "Hues can be averaged correctly after all. What still speaks against hue as the thing that a "
                    "network answers?",
    },
    "01.3": {
        "minutes": 5,
        "mistakes": (
            ("luma scaled to -1 ... 1 in place of lightness",
             "The notebook shows three grays. Which one did you take, and is it computed before or after numbers "
             "become light?"),
            ("ab / 128 (or 100, 110, 127) in place of ab / 50",
             "A network can learn in any scale. But when two people compare their losses, what must be the same?"),
        ),
        "question": "A network is trained on lightness and then given pictures that pillow made gray. What happens, "
                    "and how would anybody find out?",
    },
    "01.4": {
        "minutes": 10,
        "mistakes": (
            ("lab_to_rgb as it is, then a test of the range",
             "What does the library do with a color that no screen can show, before you get to look at it? When can "
             "your test still say no?"),
            ("any(dim=1): one channel in range is enough",
             "Take a color whose green is in range and whose red is twice what the screen has. What will the screen "
             "show?"),
        ),
        "question": "A network can be right about a and b and still name a color that no screen has. How is that "
                    "possible, and why are such colors clipped for pictures but not for measurements?",
    },
    "01.5": {
        "minutes": 10,
        "mistakes": (
            ("the first channel of RGB kept, the other two swapped",
             "Look at your cat: does it still have its own whiskers? Which of your three numbers draws them?"),
            ("the two pictures returned in the other order",
             "Cover the colors with your hand and look at the shapes. Whose lightness is the first picture?"),
        ),
        "question": "Some places of the swapped pictures look wrong although every a and b is a true color. Which "
                    "ones, and what would a person need to know to paint them right?",
    },
    "01.6": {
        "minutes": 15,
        "mistakes": (
            ("the bytes made floats, and the numbers averaged",
             "Put a fine checkerboard of black and white on the screen and step back. How much light comes from it, "
             "and which number in a file has that light?"),
            ("linear_to_rgb before the mean, rgb_to_linear after it",
             "The names say what goes in. Is the file's number light already, or must it become light first?"),
        ),
        "question": "Most programs average the numbers when they make a picture smaller. In which pictures would you "
                    "notice?",
    },
    "02.1": {
        "minutes": 5,
        "mistakes": (
            ("colors.mean(0): the weights are not used",
             "Let one color be seen a hundred times as often as the others. Where should the answer go, and does "
             "yours move?"),
            ("the weighted colors, averaged over how many colors there are",
             "Give it one color alone, with a weight of 3. What is the mean of one color, and what do you get?"),
        ),
        "question": "The cheapest answer for apples is brown, and no apple is brown. In what sense is it the best "
                    "answer, and who decided that?",
    },
    "02.2": {
        "minutes": 15,
        "mistakes": (
            ("colors.median(0): the weights are not used",
             "Suppose that one color holds more than half of all the weight. Where must somebody stand who gains "
             "with every step toward the heavier side?"),
            ("colors sorted by a, and the whole color in the middle taken",
             "Absolute error pays for a and for b separately. Must the best a and the best b come from the same "
             "apple?"),
        ),
        "question": "Let the share of green apples grow from none to all. How does the mean follow, how does the "
                    "median, and which apples does each of them fail?",
    },
    "02.3": {
        "minutes": 10,
        "mistakes": (
            ("the logarithm of a softmax, as two steps",
             "Try a logit of 1000. What does the softmax of the other two round to, and what does the logarithm make "
             "of it?"),
            ("a mean over the bins in place of the sum",
             "The shares add up to one, so what is a sum weighted by them already? Dividing by the number of bins "
             "averages a second time."),
        ),
        "question": "What does a distribution keep that a single color throws away, and which choice does it put off "
                    "rather than make?",
    },
    "02.4": {
        "minutes": 5,
        "mistakes": (
            ("abs().sum(): |a| + |b| taken for the length",
             "Chroma is the distance from gray in the plane. How far from gray is the color (30, 40), measured with "
             "a ruler?"),
            ("the mean of the lengths over the length of the mean",
             "Try two opposite colors. How much of their chroma does the mean keep, and what does yours say? What "
             "does Jensen's inequality say about a number above one?"),
        ),
        "question": "The mean is too gray by a factor that can be computed. Why does it not help to multiply by that "
                    "factor?",
    },
    "02.5": {
        "minutes": 15,
        "mistakes": (
            ("the two variances averaged as if both groups had the same size",
             "Suppose that one apple in a thousand has a leaf. How much should it matter how well those few are "
             "guessed?"),
            ("the share that is left, in place of the share that is explained",
             "Try a clue that says everything. What should your number be, and what is it?"),
        ),
        "question": "The leaf explains a part of the variance. What would a clue have to be like to explain all of it, "
                    "and would the guesses still be colors that no apple has?",
    },
    "02.6": {
        "minutes": 10,
        "mistakes": (
            ("only the sign repaired: the sum over all apples stays",
             "Run it with ten apples, then with a thousand, at the same rate. What should a learning rate not depend "
             "on?"),
            ("cost.mean() over apples and channels",
             "It arrives, too, but more slowly than the exercise asks. By which factor, and why?"),
        ),
        "question": "The walk arrives at the mean, like the formula. Why do we train networks by walking, although "
                    "there is a formula?",
    },
    "03.1": {
        "minutes": 5,
        "mistakes": (
            ("the sizes of the 3x3 kernels added up, which gives Koo's 9",
             "Draw two 3x3 layers, one after the other. How many pixels does the second one bring that the first has "
             "not seen, on each side?"),
            ("the sum of all kernel sizes less one, started from zero",
             "What does an output see through a single 1x1 layer? And through no layer at all?"),
        ),
        "question": "What can a network learn about color from so small a patch of gray, and what can it not know, "
                    "however long it is trained?",
    },
    "03.2": {
        "minutes": 5,
        "mistakes": (
            ("((predicted - target) ** 2).mean(), which is nn.MSELoss",
             "Over which dimensions does Koo add, and over which does he average? Say it for a single pixel first: "
             "what should a color cost that is 3 off in one channel and 4 in the other?"),
            ("the norm over the channels, averaged",
             "A color that is 3 and 4 away should cost 25. What does yours charge, and which operation did you do that "
             "Koo does not?"),
        ),
        "question": "A report gives the final loss of a colorizer and nothing else. What would you have to ask before "
                    "you could say whether it is good?",
    },
    "03.3": {
        "minutes": 10,
        "mistakes": (
            ("the mean and deviation of the test images themselves",
             "Today one image is tested, tomorrow the same one among a hundred others. Should it come out "
             "differently?"),
            ("train_uv.mean() and .std(): one number for both channels",
             "U and V are two quantities. How many means did Koo take, and is either channel centered after yours?"),
        ),
        "question": "To turn a network's answer back into colors, somebody must know what was subtracted. Whose mean "
                    "is known when one gray picture is to be colored, and whose is not?",
    },
    "03.4": {
        "minutes": 10,
        "mistakes": (
            ("the distance to the mean of the test images below the line",
             "Who would have to know that mean, and when? Think of a painter who has seen the training images only."),
            ("the sum of true ** 2 below the line",
             "You compare with somebody who leaves everything gray. Is there one other color for everything that costs "
             "less?"),
        ),
        "question": "What is a network worth that leaves exactly 1 unexplained, and what must a system do to leave "
                    "more than that?",
    },
    "03.5": {
        "minutes": 20,
        "mistakes": (
            ("torch.cat([net.up[0](x3), x2]): the tensors are in the other order",
             "Both orders have the same shape. Whose weights would no longer fit, if you loaded a network that "
             "somebody else has trained?"),
            ("net.merge[0](net.up[0](x3)), without the skip connection",
             "Read the error message: how many channels does merge expect, and where in the diagram do the others "
             "come from?"),
        ),
        "question": "What would the pictures of a U-Net look like without its skip connections, and which part of the "
                    "answer is in the gray picture anyway?",
    },
    "03.6": {
        "minutes": 5,
        "mistakes": (
            ("optimizer.zero_grad() between backward() and step()",
             "Print a gradient right before step(). How large is it?"),
            ("net.train() is added, and the gradients are not cleared",
             "Print the size of a gradient for the first five batches. Why does it grow?"),
        ),
        "question": "Both mistakes leave a program that runs. Which picture or number would have shown you that "
                    "something was wrong?",
    },
    "04.1": {
        "minutes": 15,
        "mistakes": (
            ("a Gaussian over all centers, divided by its sum",
             "Count the bins that have a share above zero. How many did the text promise, and what happens to the "
             "shares of the others?"),
            ("exp of the plain distance over 2 sigma",
             "Compare a bin one sigma away with one two sigma away. By which factor does a Gaussian fall between them, "
             "and by which does yours?"),
        ),
        "question": "What does a soft target tell the network about the bins around the true color that a one-hot "
                    "target leaves out, and why does it matter for colors more than for cats and trucks?",
    },
    "04.2": {
        "minutes": 10,
        "mistakes": (
            ("a softmax of probabilities divided by T, as Dorscheidt's equation 3 prints it",
             "At T = 1 nothing should change. Compare your distribution with the plain softmax there: what has the "
             "second softmax done to it?"),
            ("logits multiplied by T",
             "Let T go to zero. Which bins should be left then, and which are left in yours?"),
        ),
        "question": "The report expects vivid colors from a low temperature. On which does it make them grayer "
                    "instead, and what does that say about the mode?",
    },
    "04.3": {
        "minutes": 5,
        "mistakes": (
            ("lam added to the prior's part, as Dorscheidt's equation 5 prints it",
             "The denominator mixes two distributions over the bins. What must each of them sum to, and how much of "
             "the even one falls to one bin?"),
            ("one over the mixture, not scaled",
             "Draw a pixel at random from the training images. What is its weight on average, and what does that do "
             "to the size of the loss?"),
        ),
        "question": "Rebalancing makes some measures better and others worse. Which ones, and what does each of the "
                    "two groups reward?",
    },
    "04.4": {
        "minutes": 10,
        "mistakes": (
            ("1 - distances.mean() / limit: large distances not limited",
             "Draw the curve of a single pixel that is 400 units off. How much area does it have between 0 and the "
             "limit, and how much does one have that is a thousand off?"),
            ("the limited mean distance over the limit, not taken from one",
             "What should a perfect colorization score, and what does yours give it? Which side of the curve did you "
             "measure?"),
        ),
        "question": "Two systems have the same area under the curve. How may the errors in their pictures still "
                    "differ, and where would the two curves cross?",
    },
    "04.5": {
        "minutes": 10,
        "mistakes": (
            ("the softmax stays, and a log_softmax follows",
             "Give it logits in which one bin is certain. How small can your loss become, and how small should it be?"),
            ("the mean over the ten bins stays",
             "All bins are equally likely. What should the loss be, and by which factor does yours differ?"),
        ),
        "question": "A loss that is ten times too small has the same minimum. When does the factor matter, and when "
                    "not?",
    },
    "04.6": {
        "minutes": 15,
        "mistakes": (
            ("the dilation is ignored",
             "Draw the nine pixels that a 3×3 kernel of dilation 4 looks at. How far are the outer ones apart?"),
            ("strides do not widen later layers",
             "After a stride of 2, two neighbors of the tensor are how many pixels apart in the picture?"),
        ),
        "question": "Two networks see equally far, one by pooling and one by dilation. What does each of them pay?",
    },
    "05.1": {
        "minutes": 5,
        "mistakes": (
            ("label 1 - smooth for the false pictures",
             "Read the exercise once more: the label of which pictures is `smooth`? What is then left for the "
             "others?"),
            ("a sigmoid first, then the cross-entropy of its result",
             "Let D be sure and wrong, with a logit of 200. What does the sigmoid round to in 32 bits, and what can "
             "the logarithm still know about the logit?"),
        ),
        "question": "What becomes of G's gradient, for each of its two losses, when D is sure that a picture is false? "
                    "And what do labels between 0 and 1 change?",
    },
    "05.2": {
        "minutes": 10,
        "mistakes": (
            ("the two slopes under each other's names",
             "Go to the far left, where D sees through G. Which of the two losses should still pull there, and which "
             "of yours does?"),
            ("-1 / (1 - D) and -1 / D: the slope by D",
             "By which quantity did you differentiate, and by which does the exercise ask? Between the logit and the "
             "loss there is one more link in the chain."),
        ),
        "question": "A new generator is seen through at once. What does each of the two losses let it feel at that "
                    "moment, and with which of them would you start?",
    },
    "05.3": {
        "minutes": 10,
        "mistakes": (
            ("the spread of all pixels, without a mean color for each image",
             "Let G answer the same colorful picture for every input. What should the number be, and where does yours "
             "get its variety from?"),
            ("mean squares over mean squares, without the root",
             "Let the answers lie twice as far apart. By which factor should a spread grow, and by which does yours?"),
        ),
        "question": "Why can one picture not show whether a generator still looks at its input, and what has to be "
                    "compared instead?",
    },
    "05.4": {
        "minutes": 5,
        "mistakes": (
            ("the share of true pictures called true, and nothing else",
             "How many of all pictures were judged rightly? You have read one row of the two."),
            ("\"D\" or \"nobody\" by accuracy alone",
             "A D that guesses and a D that calls everything true are both right half of the time. Where in the matrix "
             "do they differ?"),
        ),
        "question": "By this count G can win a game with pictures that nobody would call photographs. How does that "
                    "come about, and what else must be measured to notice?",
    },
    "05.5": {
        "minutes": 5,
        "mistakes": (
            ("`detach` stays in G's step",
             "Follow the gradient from the loss backward, operation by operation. Where does it stop?"),
            ("the label stays 0",
             "Say in words what this loss asks of G. Who would be glad about it?"),
        ),
        "question": "D's step needs `detach`, and G's step must not have it. What would happen to the game if D's step "
                    "had none?",
    },
    "06.1": {
        "minutes": 5,
        "mistakes": (
            ("1 plus all kernels less one: strides not used",
             "After a layer of stride 2, how far apart in the image do two neighbors lie? What does one more neighbor "
             "bring, then?"),
            ("the right step, but from the first layer to the last",
             "Where is there certainly one number only, at the image or at the answer? Begin there, and ask what each "
             "layer needs from the one before it."),
        ),
        "question": "pix2pix calls its discriminator 70x70. What is left of the idea of patches when the pictures are "
                    "32 pixels wide, and for which n_layers does an answer still see a part?",
    },
    "06.2": {
        "minutes": 5,
        "mistakes": (
            ("the side divided by each stride, kernels not used",
             "Lay a 4x4 kernel on a row of 8 pixels with one more at each end, and move it by single steps. In how "
             "many places does it fit?"),
            ("size + 1 - kernel: one pixel of padding in all",
             "How many ends has a row? Count the pixels that padding 1 adds to it."),
        ),
        "question": "What may a discriminator with one answer for the whole picture overlook, and what does G learn "
                    "from a map of answers that it would not learn from one?",
    },
    "06.3": {
        "minutes": 10,
        "mistakes": (
            ("p plus and minus 1.96 roots of p (1 - p) / n: the usual interval",
             "Nobody of ten was fooled. How wide is your interval, and are you that sure about the next ten?"),
            ("Wilson's sums, without the division by 1 + z^2 / n",
             "Try 10 of 10. Where is the middle of your interval, and can a share lie there? Look at what stands below "
             "the line in both formulas."),
        ),
        "question": "From how many answers on can the share that Pérez reports for test images be told from guessing? "
                    "What is missing from a report that gives the share alone?",
    },
    "06.4": {
        "minutes": 10,
        "mistakes": (
            ("the mean over both channels: each number counted by itself",
             "A pixel has the right a and a wrong b. Is it half right by the program's rule, and what is it by yours?"),
            ("t as the limit for a and b",
             "By how much may a and b be off, and by how much L? Which of the two limits is t?"),
        ),
        "question": "Two programs report an accuracy of the same pictures, and the numbers differ widely. What must "
                    "each of them say before the two can be compared?",
    },
    "06.5": {
        "minutes": 15,
        "mistakes": (
            ("only the units: painted colors still come without their gray picture",
             "Give D a painted picture whose colors are exactly the true ones. Does it get the same numbers in both "
             "calls now?"),
            ("only the gray picture: true colors still in Lab units",
             "How large is a typical value of `ab`, and how large is one of `painted`? Could you tell them apart with "
             "one threshold?"),
        ),
        "question": "How would you notice such a mistake in a training that you did not write yourself, and which test "
                    "of a few lines would have found it?",
    },
    "07.1": {
        "minutes": 5,
        "mistakes": (
            ("F.interpolate without a mode: pixels repeated",
             "Show one enlarged channel as a picture. Is the step from one cell to the next in the network, or in the "
             "way you enlarged it?"),
            ("all tensors shrunk to the size of the smallest",
             "A hypercolumn stands above each pixel of the picture. How many columns do you have, and what has become "
             "of the edges that the first block kept?"),
        ),
        "question": "What does the last block know that the first does not, and what did it give up for that?",
    },
    "07.2": {
        "minutes": 10,
        "mistakes": (
            ("weight.sum(1, keepdim=True): the deviations not used",
             "What happened to each color before it reached the first convolution? Was it the same for all three?"),
            ("the mean over the three colors in place of the sum",
             "Three channels came in, each with the whole gray value. What does a convolution do with the products of "
             "its input channels?"),
        ),
        "question": "Why can the gray value given once do the work of the gray value given three times, and at which "
                    "two places does that need care?",
    },
    "07.3": {
        "minutes": 10,
        "mistakes": (
            ("topk over all pictures, the picture itself among them",
             "Which picture is most like this one? With k = 1, what would your function answer for descriptions that "
             "are pure noise?"),
            ("products of the descriptions as they are",
             "Multiply one description by ten. It points where it did; what happens to its place in the lists of the "
             "others?"),
        ),
        "question": "The pixels and the last block disagree about which pictures are near to each other. What does "
                    "each of them mean by near, and which meaning is of use to a colorizer?",
    },
    "07.4": {
        "minutes": 10,
        "mistakes": (
            ("requires_grad_(False) and nothing else",
             "Send a few pictures through, without any optimizer, and compare the whole state before and after. What "
             "has moved, and who moved it?"),
            ("eval() and nothing else",
             "Does a gradient still reach the weights in this mode? Ask what an optimizer would do that holds them."),
        ),
        "question": "Which two things in an encoder can change while a decoder is trained behind it, and which of them "
                    "would change even without an optimizer?",
    },
    "08.1": {
        "minutes": 10,
        "mistakes": (
            ("colors[number] = ab: the caller's tensor is changed",
             "Call it twice, with two scribbles. Is the first one back to its old color the second time?"),
            ("only the scribble that changes is summed",
             "At a pixel where its influence is a half, who has the other half?"),
        ),
        "question": "Which other questions about a filled picture do the maps answer without a new solution? Which one "
                    "do they not?",
    },
    "08.2": {
        "minutes": 5,
        "mistakes": (
            ("argmin over the wrong dimension",
             "How many answers do you need, and how many does your function return?"),
            ("differences summed with their signs",
             "A sample that is 5 lighter and 5 smoother: how far away is it?"),
        ),
        "question": "Lightness and deviation count equally here, both in Lab units. Is that fair? What would you try?",
    },
    "08.3": {
        "minutes": 15,
        "mistakes": (
            ("the sum of the distances in place of the smallest",
             "Put two hints into one corner. Where does your function click, and how far is that from the next hint?"),
            ("the largest distance in place of the smallest",
             "Every corner is far from the opposite one. Does it need a click, if it has one already?"),
        ),
        "question": "This rule looks at no picture. What would you let it look at, and how would you show that it is "
                    "worth the trouble?",
    },
    "09.1": {
        "minutes": 10,
        "mistakes": (
            ("(then - now) of the way: the time that is left is not looked at",
             "Start at time 0.5 with the mean four steps away, and go to 1 in one go. Where does the line say you "
             "arrive, and where does your function?"),
            ("then of the way, as if each step began at time 0",
             "Take two steps of half the time each. Where are you after the first, and how much is left?"),
        ),
        "question": "Why does a walk not end at the first mean that the network predicts, although every step goes "
                    "straight towards a mean?",
    },
    "09.2": {
        "minutes": 15,
        "mistakes": (
            ("the deviation of the shares, chance included",
             "Roll a fair die for every apple, the same one for all. Do your shares scatter? Should the odds?"),
            ("the two deviations are subtracted, not the variances",
             "Two independent errors of 3 and 4: how large is their sum, usually?"),
        ),
        "question": "With how many rolls for each apple could you tell odds that scatter by 0.05 from odds that are "
                    "all equal?",
    },
    "09.3": {
        "minutes": 15,
        "mistakes": (
            ("a new draw for every roll: these dice are fair",
             "Look at one apple in all of its rolls. What did the exercise forbid?"),
            ("green with a leaf, red without",
             "How many of the apples with a leaf are red in your picture, and how many should be?"),
        ),
        "question": "A network could do this without any intent. Which of our measurements sees it, and which of the "
                    "tables of this notebook do not?",
    },
}

# The questions that close each notebook, answered: what a learner's answer should hold.
CLOSING = {
    "01": (
        "The lightness draws the edges, and color is coarse. Coarse color does harm in small pictures, where a few "
        "pixels are a whole thing, and where something differs from its surroundings in color alone.",
        "Half of the time a hair above 0, half of the time a hair below 1: the mean is 0.5, cyan. In Lab two like "
        "colors lie side by side, so their mean lies between them. Hue has a seam, Lab has none.",
        "Correlation measures how well a straight line fits. Chroma is small near black and near white and larger "
        "between, a curve that no line follows: lightness says much about chroma all the same.",
    ),
    "02": (
        "The mean (brown, a color that no apple has), the median of a and of b (the majority's color), and the "
        "distribution itself, which names no single color at all.",
        "A red and a green apple have the same gray picture, and a network returns one answer for one picture. Only a "
        "clue in the picture helps, such as the leaf: it narrows the distribution down. What is left is the variance.",
        "The chroma ratio (or another measure of how much color there is). From one neighbor to sixteen both fell "
        "together: the loss falls when a dull mean takes the place of a guess. And a ratio near 1 is no proof: one "
        "neighbor has it, in specks that belong to another picture.",
    ),
    "03": (
        "Seven by seven pixels. Follow the gradient of one output pixel back to the input: it is zero outside of the "
        "region that matters.",
        "In which units, averaged over what, and what one color for everything costs. In plain U and V that costs "
        "0.0073 as well.",
        "The random picture, whose colors belong to another one, and the boosted network, whose colors were multiplied "
        "by a constant. The squared error of both is higher than that of the network as it was.",
    ),
    "04": (
        "A low temperature goes to the mode. For apples the mode is red or green, but for most pixels of a photograph "
        "it is gray or close to gray: paler than the mean.",
        "Sort the cases by the predicted probability and count how often it came true. On photographs the true odds of "
        "a pixel are unknown, because each gray picture has one color picture only; the apples' odds are known.",
        "Better: the balanced AuC and the amount of color; the plain colors times a constant come close. Worse: the "
        "mean ab error. 'The best system' needs 'by which number', and so by which purpose.",
    ),
    "05": (
        "The saturating loss, log(1 - D), has nearly no slope where D is sure that a picture is generated; -log D "
        "pulls there with nearly its full strength of one. At the other end a sigmoid in 32 bits rounds to exactly 1 "
        "(from a logit of about 17 on), and its slope is exactly 0.",
        "Mode collapse. A generator that learns much faster than the discriminator causes the jumps; a discriminator "
        "with a long head start leaves all points on one cloud.",
        "At what D calls generated pictures, and at the gradient. D called all pictures true: it was fooled, not too "
        "good, and the gradient was exactly zero.",
    ),
    "06": (
        "Mostly both colors among apples without a leaf, where absolute error has one. They cost error, and their "
        "share is not the true one.",
        "The pictures have 32 pixels, and each of its answers sees 70 pixels a side: every answer sees the whole "
        "picture.",
        "A gray one. By Nazeri and Ng's count at its usual tolerance, gray pictures beat every network of the "
        "notebook's table.",
    ),
    "07": (
        "Things of one kind have colors in common, and its features tell kinds apart; the head has seen the colors. "
        "The controls are the same sum of untrained features, which explains much less, and the mean color of each "
        "true kind, which explains about as much.",
        "It narrows the tensors before it enlarges them, so that no tensor at full size has more than 64 channels. "
        "Hypercolumns hold 963 at every pixel, and the first 3x3 convolution works on all of them.",
        "Each start passes its best point at another epoch, and after it learns its few pictures by heart; so the "
        "winner depends on the twenty. Stop each at its own best epoch, chosen on held-out pictures, measure on test "
        "pictures, repeat with other seeds, and say what the pretraining itself has cost.",
    ),
    "08": (
        "At the rim, lightness jumps, so the weights across it are tiny. The pixels on either side hardly listen to "
        "each other.",
        "Two numbers describe a pixel, its lightness and how rough its surroundings are. Porcelain and sky agree in "
        "both. More numbers, another example or a swatch would tell them apart.",
        "Take color pictures, reveal the true colors of some random pixels in three more channels, and ask for all "
        "colors. The number of pixels changes from picture to picture, so that the network learns to do without.",
    ),
    "09": (
        "The rolls of neighbors are independent, and the colors of an apple are not: each pixel has the right odds, "
        "and the picture is confetti. Odds of single pixels are marginal distributions; a picture is drawn from the "
        "joint one.",
        "The mean of all colorings, brown for an apple. At time 0 the noise tells nothing, so everything is possible, "
        "and squared error asks for the mean of what is possible.",
        "Apples that draw their color once, by the right odds, and keep it. Rolled many times, a fair network's apples "
        "are green in 0.8 of the rolls with a leaf and in 0.3 without; these are green in all rolls or in none.",
    ),
}
